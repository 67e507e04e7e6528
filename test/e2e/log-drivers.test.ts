import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const numbers = (text: string): number[] => text.split("\n").filter(Boolean).map(Number);
const counted = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** A syslog daemon on a unix stream: what each line says. */
class Receiver implements Disposable {
  readonly path: string;
  text = "";
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  #waiting: (() => void)[] = [];

  constructor(name: string) {
    this.path = join(engine.runRoot, name);
  }

  async listen(): Promise<this> {
    rmSync(this.path, { force: true });
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("data", (bytes) => {
        this.text += bytes.toString();
        this.#waiting.splice(0).forEach((wake) => wake());
      });
    });
    await new Promise<void>((resolve) => this.#server?.listen(this.path, resolve));
    return this;
  }

  get options(): string[] {
    return ["--log-driver", "syslog", "--log-opt", `syslog-address=unix://${this.path}`];
  }

  get said(): string[] {
    return this.text.split("\n").filter(Boolean).map((line) => line.replace(/^.*?\]: /, ""));
  }

  async until(line: string): Promise<void> {
    while (!this.said.includes(line)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    this.#server?.close();
  }

  [Symbol.dispose](): void {
    this.hangUp();
  }
}

test("json-file writes Docker's file, which LogPath names; without a driver there is none", async () => {
  const id = await engine.ok("run", "-d", "--network", "none", "--log-driver", "json-file", "--label", "a=b", "-e", "X=1", "--log-opt", "labels=a", "--log-opt", "env=X", "--log-opt", "tag={{.Name}}", "--name", "jf", BUSYBOX, "sh", "-c", "echo hi; echo err >&2; sleep 0.1; printf nol; sleep 0.1; echo ' more'; printf last");
  await engine.ok("wait", id);
  await engine.ok("start", id);
  await engine.ok("wait", id);
  const path = await engine.ok("inspect", "-f", "{{.LogPath}}", id);
  expect(path).toBe(join(engine.dataRoot, "containers", id, `${id}-json.log`));
  const lines = async (): Promise<string[]> => readFileSync(path, "utf8").split("\n").filter(Boolean);
  while ((await lines()).length < 8) await engine.ok("ps");
  const attrs = '"attrs":{"X":"1","a":"b","tag":"jf"},"time":"T"}';
  const expected = [`{"log":"hi\\n","stream":"stdout",${attrs}`, `{"log":"err\\n","stream":"stderr",${attrs}`, `{"log":"nol more\\n","stream":"stdout",${attrs}`, `{"log":"last","stream":"stdout",${attrs}`];
  const got = (await lines()).map((line) => line.replace(/"time":"[^"]+"/, '"time":"T"'));
  expect([...got].sort()).toEqual([...expected, ...expected].sort());
  expect((await engine.hako("logs", "--details", "-n", "2", id)).stdout).toBe("X=1,a=b,tag=jf nol more\nX=1,a=b,tag=jf last");
  const plain = await engine.ok("run", "-d", BUSYBOX, "true");
  expect(await engine.ok("inspect", "-f", "{{.HostConfig.LogConfig.Type}} {{json .LogPath}}", plain)).toBe('json-file ""');
  expect((await engine.hako("logs", "--details", plain)).code).toBe(0);
});

test("logs --clear begins a json-file anew", async () => {
  const id = await engine.ok("run", "-d", "-i", "--network", "none", "--log-driver", "json-file", BUSYBOX, "cat");
  using writer = engine.live("attach", "--sig-proxy=false", id);
  const path = await engine.ok("inspect", "-f", "{{.LogPath}}", id);
  const written = async (line: string): Promise<string> => {
    writer.write(`${line}\n`);
    await writer.until(`${line}\n`);
    for (;;) {
      const text = readFileSync(path, { encoding: "utf8", flag: "a+" });
      if (text.includes(line)) return text;
      await engine.ok("ps");
    }
  };
  await written("first");
  await engine.ok("logs", "--clear", id);
  expect(await written("second")).not.toContain("first");
  expect(await engine.ok("logs", id)).toBe("second");
  await engine.ok("rm", "-f", id);
});

test("logs reads the log of a forwarding driver, unless its cache is off", async () => {
  using receiver = await new Receiver("sy1").listen();
  const cached = await engine.ok("run", "-d", ...receiver.options, BUSYBOX, "echo", "there");
  await receiver.until("there");
  expect(await engine.ok("logs", cached)).toBe("there");
  const uncached = await engine.ok("run", "-d", ...receiver.options, "--log-opt", "cache-disabled=true", BUSYBOX, "echo", "elsewhere");
  await receiver.until("elsewhere");
  expect((await engine.hako("logs", uncached)).stderr).toContain("configured logging driver does not support reading");
});

test("a killed engine loses no line on its way, and repeats at most what was not acknowledged", async () => {
  using receiver = await new Receiver("sy2").listen();
  const id = await engine.ok("run", "-d", "--network", "none", ...receiver.options, BUSYBOX, "sh", "-c", "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; done; sleep 0.5; echo 3001; exec sleep 60");
  await receiver.until("1000");
  await engine.kill9();
  await engine.start();
  await receiver.until("3001");
  expect([...new Set(receiver.said.map(Number))]).toEqual(counted(1, 3001));
  await engine.ok("rm", "-f", id);
});

test("what a container said last arrives although the engine was dead when it ended", async () => {
  using receiver = await new Receiver("sy3").listen();
  const id = await engine.ok("run", "-d", "--network", "none", ...receiver.options, BUSYBOX, "sh", "-c", "echo ready; sleep 1; echo farewell");
  await receiver.until("ready");
  await engine.kill9();
  await engine.ended(id);
  await engine.start();
  await receiver.until("farewell");
  // The first may have been on its way, and come twice.
  expect([...new Set(receiver.said)]).toEqual(["ready", "farewell"]);
});

test("a destination that is away holds back nobody, and misses nothing when it is back", async () => {
  const receiver = await new Receiver("sy4").listen();
  const id = await engine.ok("run", "-d", "-i", "--network", "none", ...receiver.options, BUSYBOX, "sh", "-c", "echo 1; read x; seq 2 5000");
  await receiver.until("1");
  receiver.hangUp();
  using writer = engine.live("attach", id);
  writer.write("go\n");
  await engine.ok("wait", id);
  expect(numbers(await engine.ok("logs", id)).length).toBe(5000);
  using back = await new Receiver("sy4").listen();
  await back.until("5000");
  const arrived = new Set([...receiver.said, ...back.said].map(Number));
  expect([...arrived].sort((one, other) => one - other)).toEqual(counted(1, 5000));
});

test("non-blocking gives up the oldest beyond max-buffer-size", async () => {
  const receiver = await new Receiver("sy5").listen();
  const id = await engine.ok("run", "-d", "-i", "--network", "none", ...receiver.options, "--log-opt", "mode=non-blocking", "--log-opt", "max-buffer-size=20k", BUSYBOX, "sh", "-c", "echo 1; read x; seq 2 30000");
  await receiver.until("1");
  receiver.hangUp();
  using writer = engine.live("attach", id);
  writer.write("go\n");
  await engine.ok("wait", id);
  using back = await new Receiver("sy5").listen();
  await back.until("30000");
  expect(back.said.length).toBeLessThan(25_000);
  expect(back.said.map(Number)).toEqual(counted(30_001 - back.said.length, 30_000));
});

test("an auto-removed container goes when its last words are delivered", async () => {
  using receiver = await new Receiver("sy6").listen();
  await engine.ok("run", "--rm", "--network", "none", ...receiver.options, BUSYBOX, "seq", "1", "2000");
  await receiver.until("2000");
  expect(receiver.said.map(Number)).toEqual(counted(1, 2000));
});

test.each([
  [["--log-driver", "json-file", "--log-opt", "foo=1"], "unknown log opt 'foo' for json-file log driver"],
  [["--log-opt", "foo=1"], "unknown log opt 'foo' for json-file log driver"],
  [["--log-driver", "local", "--log-opt", "labels=a"], "unknown log opt 'labels' for log driver local"],
  [["--log-driver", "nope"], 'error looking up logging plugin nope: plugin "nope" not found'],
  [["--log-opt", "mode=foo"], "logger: logging mode not supported: foo"],
  [["--log-opt", "max-buffer-size=1m"], "logger: max-buffer-size option is only supported with 'mode=non-blocking'"],
  [["--log-opt", "mode=non-blocking", "--log-opt", "max-buffer-size=abc"], "error parsing option max-buffer-size: invalid size: 'abc'"],
  [["--log-driver", "syslog", "--log-opt", "syslog-address=foo"], "unsupported scheme: ''"],
  [["--log-driver", "syslog", "--log-opt", "syslog-address=http://a:1"], "unsupported scheme: 'http'"],
  [["--log-driver", "syslog", "--log-opt", "syslog-address=unix:///nope"], "stat /nope: no such file or directory"],
  [["--log-driver", "syslog", "--log-opt", "syslog-facility=foo"], "invalid syslog facility"],
  [["--log-driver", "syslog", "--log-opt", "syslog-format=foo"], "Invalid syslog format"],
  [["--log-driver", "syslog", "--log-opt", "cache-disabled=x"], "invalid value for option cache-disabled: x"],
  [["--log-driver", "fluentd", "--log-opt", "fluentd-address=foo://x"], "invalid fluentd-address (foo://x): unsupported scheme: 'foo'"],
  [["--log-driver", "fluentd", "--log-opt", "fluentd-address=127.0.0.1:99999"], 'invalid fluentd-address (127.0.0.1:99999): invalid port: strconv.ParseUint: parsing "99999": value out of range'],
  [["--log-driver", "fluentd", "--log-opt", "fluentd-address=tcp://127.0.0.1:24224/x"], "invalid fluentd-address (tcp://127.0.0.1:24224/x): should not contain a path element"],
  [["--log-driver", "fluentd", "--log-opt", "fluentd-async=x"], 'strconv.ParseBool: parsing "x": invalid syntax'],
  [["--log-driver", "fluentd", "--log-opt", "fluentd-retry-wait=x"], 'time: invalid duration "x"'],
  [["--log-driver", "fluentd", "--log-opt", "fluentd-async-reconnect-interval=x"], 'invalid value for fluentd-async-reconnect-interval: time: invalid duration "x"'],
  [["--log-driver", "gelf"], "gelf-address is a required parameter"],
  [["--log-driver", "gelf", "--log-opt", "gelf-address=foo"], "gelf: endpoint needs to be TCP or UDP"],
  [["--log-driver", "gelf", "--log-opt", "gelf-address=udp://127.0.0.1"], "gelf: please provide gelf-address as proto://host:port"],
  [["--log-driver", "gelf", "--log-opt", "gelf-address=udp://127.0.0.1:1", "--log-opt", "gelf-compression-type=x"], 'unknown value "x" for log opt "gelf-compression-type" for gelf log driver'],
  [["--log-driver", "gelf", "--log-opt", "gelf-address=tcp://127.0.0.1:1", "--log-opt", "gelf-compression-type=gzip"], "compression is only supported on UDP"],
  [["--log-driver", "gelf", "--log-opt", "gelf-address=udp://127.0.0.1:1", "--log-opt", "gelf-tcp-max-reconnect=1"], '"gelf-tcp-max-reconnect" is only valid for TCP'],
])("create %j is refused in Docker's words", async (options, words) => {
  const { code, stderr } = await engine.hako("create", ...options, BUSYBOX);
  expect(code).toBe(1);
  expect(stderr.trim()).toEndWith(words);
});

test.each([
  [["--log-opt", "max-size=abc"], "invalid size: 'abc'", 128],
  [["--log-opt", "max-size=0"], "max-size must be a positive number", 128],
  [["--log-opt", "max-size=1k", "--log-opt", "max-file=abc"], 'strconv.Atoi: parsing "abc": invalid syntax', 128],
  [["--log-opt", "max-size=1k", "--log-opt", "max-file=0"], "max-file cannot be less than 1", 128],
  [["--log-opt", "compress=true"], "compress cannot be true when max-file is less than 2 or max-size is not set", 128],
  [["--log-driver", "json-file", "--log-opt", "labels-regex=("], "error parsing regexp: missing closing ): `(`", 128],
  [["--log-driver", "json-file", "--log-opt", "tag={{.Foo}}"], `template: log-tag:1:2: executing "log-tag" at <.Foo>: can't evaluate field Foo in type *logger.Info`, 128],
  [["--log-driver", "json-file", "--log-opt", "tag={{"], "template: log-tag:1: unclosed action", 128],
  [["--log-driver", "local", "--log-opt", "max-size=abc"], "invalid value for max-size: abc: invalid size: 'abc'", 128],
  [["--log-driver", "local", "--log-opt", "max-file=0"], "compression cannot be enabled when max file count is 1", 128],
  [["--log-driver", "syslog", "--log-opt", "syslog-address=tcp://127.0.0.1:1"], "dial tcp 127.0.0.1:1: connect: connection refused", 128],
  [["--log-driver", "fluentd", "--log-opt", "fluentd-address=unix:///nope"], "dial unix /nope: connect: no such file or directory", 127],
])("start %j is refused in Docker's words", async (options, words, exitCode) => {
  const id = await engine.ok("create", "--network", "none", ...options, BUSYBOX, "true");
  const { stderr } = await engine.hako("start", id);
  expect(stderr).toContain(`failed to create task for container: failed to initialize logging driver: ${words}\n`);
  expect(await engine.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", id)).toBe(`created ${exitCode}`);
});

test("fluentd-async starts although nobody listens, and /info lists the drivers", async () => {
  await engine.ok("run", "--rm", "--network", "none", "--log-driver", "fluentd", "--log-opt", "fluentd-async=true", "--log-opt", "fluentd-address=127.0.0.1:1", BUSYBOX, "true");
  const info = (await (await engine.api("GET", "/info")).json()) as { Plugins: { Log: string[] }; LoggingDriver: string };
  expect(info.Plugins.Log).toEqual(["fluentd", "gelf", "journald", "json-file", "local", "syslog"]);
  expect(info.LoggingDriver).toBe("json-file");
});

test("nothing of a removed container's forwarding stays", async () => {
  expect(readdirSync(join(engine.dataRoot, "containers")).length).toBe((await engine.ok("ps", "-aq")).split("\n").length);
});
