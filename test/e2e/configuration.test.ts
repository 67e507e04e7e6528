/** daemon.json: what it sets takes effect, what SIGHUP takes up, and what is said of what is wrong. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SystemInfo } from "../../src/spec/mod.ts";
import { BUSYBOX, Live, run, startEngine, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

const folder = scratchFolder();
const file = join(folder, "daemon.json");
const pidFile = join(folder, "hako.pid");
const BASE = {
  "default-ulimits": { nofile: { Name: "nofile", Soft: 333, Hard: 444 } },
  "default-shm-size": "8M",
  "default-ipc-mode": "shareable",
  dns: ["192.0.2.53"],
  "dns-search": ["example.test"],
  "dns-opts": ["ndots:3"],
  "log-driver": "local",
  "log-opts": { "max-size": "5m" },
  "no-new-privileges": true,
  init: true,
  labels: ["rack=7"],
  "registry-mirrors": ["https://mirror.example"],
  "insecure-registries": ["10.9.0.0/16", "registry.example:5000"],
  "default-address-pools": [{ base: "10.213.0.0/16", size: 24 }],
  mtu: 1400,
  pidfile: pidFile,
  proxies: { "http-proxy": "http://user:secret@proxy.example:3128" },
  "exec-opts": ["native.cgroupdriver=systemd"],
};
const write = (settings: object): void => writeFileSync(file, JSON.stringify(settings, null, 2));

let engine: TestEngine;
beforeAll(async () => {
  write(BASE);
  // Left by an engine that was killed; the number is another program's by now.
  writeFileSync(pidFile, String(process.pid));
  engine = await startEngine({ flags: ["--config-file", file] });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  expect(existsSync(pidFile)).toBe(false);
  rmSync(folder, { recursive: true, force: true });
});

const info = async (): Promise<SystemInfo> => (await (await engine.api("GET", "/info")).json()) as SystemInfo;

/** Sends SIGHUP and waits for the line that tells how it went. */
async function reload(expected: RegExp): Promise<string> {
  const before = engine.log.length;
  process.kill(engine.pid, "SIGHUP");
  await engine.logged(expected, before);
  return engine.log.slice(before);
}

describe("defaults of containers", () => {
  test("processes have them", async () => {
    const script = "ulimit -Sn; ulimit -Hn; df -k /dev/shm | tail -n 1 | awk '{print $2}'; cat /etc/resolv.conf; cat /proc/1/comm; grep NoNewPrivs /proc/self/status; cat /sys/class/net/eth0/mtu; ip -4 addr show eth0";
    const output = await engine.ok("run", "--rm", BUSYBOX, "sh", "-c", script);
    expect(output).toStartWith("333\n444\n8192\n");
    expect(output).toContain("nameserver 192.0.2.53\nsearch example.test\noptions ndots:3\n");
    expect(output).toContain("docker-init\n");
    expect(output).toContain("NoNewPrivs:\t1");
    expect(output).toContain("1400\n");
    expect(output).toContain("inet 10.213.0.2/24");
  });

  test("what a container says of itself counts", async () => {
    const output = await engine.ok("run", "--rm", "--ulimit", "nofile=55:66", "--shm-size", "1m", "--dns", "192.0.2.1", "--init=false", "--security-opt", "no-new-privileges=false", BUSYBOX,
      "sh", "-c", "ulimit -Sn; df -k /dev/shm | tail -n 1 | awk '{print $2}'; grep ^nameserver /etc/resolv.conf; cat /proc/1/comm; grep NoNewPrivs /proc/self/status");
    expect(output).toBe("55\n1024\nnameserver 192.0.2.1\nsh\nNoNewPrivs:\t0");
  });

  test("inspect shows them", async () => {
    await engine.ok("create", "--name", "shown", BUSYBOX, "true");
    const { HostConfig: host } = JSON.parse(await engine.ok("inspect", "shown"))[0];
    expect(host).toMatchObject({ IpcMode: "shareable", ShmSize: 8 * 1024 * 1024, LogConfig: { Type: "local", Config: { "max-size": "5m" } }, Ulimits: [{ Name: "nofile", Soft: 333, Hard: 444 }], Runtime: "runc" });
    await engine.ok("rm", "shown");
  });
});

test("info tells the settings as Docker does", async () => {
  const told = await info();
  expect(told).toMatchObject({
    Labels: ["rack=7"], LoggingDriver: "local", Debug: false, DefaultRuntime: "runc", HttpProxy: "http://xxxxx:xxxxx@proxy.example:3128",
    DefaultAddressPools: [{ Base: "10.213.0.0/16", Size: 24 }],
    RegistryConfig: {
      Mirrors: ["https://mirror.example/"],
      InsecureRegistryCIDRs: ["10.9.0.0/16", "::1/128", "127.0.0.0/8"],
      IndexConfigs: { "docker.io": { Mirrors: ["https://mirror.example/"], Secure: true, Official: true }, "registry.example:5000": { Name: "registry.example:5000", Secure: false, Official: false } },
    },
  });
  expect(told.SecurityOptions).toContain("name=no-new-privileges");
});

test("hako info prints them where docker does", async () => {
  const ours = await engine.ok("info");
  expect(ours).toContain(" HTTP Proxy: http://xxxxx:xxxxx@proxy.example:3128\n Labels:\n  rack=7\n Experimental: false\n Insecure Registries:\n  registry.example:5000\n  10.9.0.0/16\n  ::1/128\n  127.0.0.0/8\n Registry Mirrors:\n  https://mirror.example/\n Live Restore Enabled: true\n Default Address Pools:\n   Base: 10.213.0.0/16, Size: 24");
  const settings = (text: string): string => text.slice(text.indexOf(" HTTP Proxy")).replace(/\n\n[^]*$/, "").trimEnd();
  expect(settings(ours)).toBe(settings((await engine.docker("info")).stdout));
});

test("what has no effect is said once, and the process is in its file", () => {
  expect(engine.log).toMatch(/daemon\.json, line \d+, column 3: "exec-opts" has no effect: control groups are made directly/);
  expect(readFileSync(pidFile, "utf8")).toBe(String(engine.pid));
  expect(statSync(engine.socket).mode & 0o777).toBe(0o660);
});

describe("SIGHUP", () => {
  test("takes up what it may, names what waits, and is an event", async () => {
    const since = String(Date.now() / 1000 - 1);
    write({ ...BASE, labels: ["rack=8"], debug: true, "max-concurrent-downloads": 9, "dns-search": [], proxies: { "https-proxy": "http://user:secret@proxy.example:3128" } });
    const log = await reload(/taken up only when the engine is started again: dns-search/);
    expect(log).toMatch(/Reloaded configuration: .*labels: \["rack=7"\] → \["rack=8"\]/);
    expect(log).not.toContain("secret");
    expect(log).not.toContain("handling");
    await engine.ok("run", "--rm", BUSYBOX, "true");
    await engine.logged(/handling POST request \/v[\d.]+\/containers\/create/);
    const told = await info();
    expect(told).toMatchObject({ Labels: ["rack=8"], Debug: true, HttpProxy: "" });
    const event = JSON.parse(await engine.ok("events", "--since", since, "--until", String(Date.now() / 1000), "--filter", "type=daemon", "--format", "json"));
    expect(event).toMatchObject({ Type: "daemon", Action: "reload", Actor: { ID: told.ID, Attributes: { labels: '["rack=8"]', debug: "true", "max-concurrent-downloads": "9", name: told.Name, "registry-mirrors": '["https://mirror.example"]' } } });
  });

  test("changes nothing when anything is wrong", async () => {
    write({ ...BASE, labels: ["rack=9"], mtu: "1500" });
    expect(await reload(/not reloaded/)).toMatch(/goes on with what it had: unable to configure the Docker daemon with file .*daemon\.json: "mtu": it takes a whole number, not a string \(line \d+, column \d+\)/);
    write({ ...BASE, labels: ["rack=9"], "default-runtime": "nosuch" });
    expect(await reload(/not reloaded/)).toMatch(/daemon\.json, line \d+, column 3: "default-runtime": specified default runtime 'nosuch' does not exist/);
    writeFileSync(file, '{\n  "debug": tru\n}');
    expect(await reload(/not reloaded/)).toContain("(line 2, column 15)");
    expect((await info()).Labels).toEqual(["rack=8"]);
  });

  test("gives back the default of what is gone from the file", async () => {
    const { labels: _labels, ...rest } = BASE;
    write(rest);
    await reload(/Reloaded configuration/);
    const told = await info();
    expect(told).toMatchObject({ Labels: [], Debug: false });
  });
});

test("a second engine is told what to do", async () => {
  write(BASE);
  const { code, stderr } = await run(engine.daemonCommand());
  expect(code).toBe(1);
  expect(stderr).toContain(`another engine (process ${engine.pid}) uses the data root ${engine.dataRoot}: stop it, or choose another with --data-root`);
});

test("the data of a Docker engine is left alone", async () => {
  const root = join(folder, "docker");
  mkdirSync(join(root, "overlay2"), { recursive: true });
  const { code, stderr } = await run([...engine.daemonCommand("--data-root", root)]);
  expect(code).toBe(1);
  expect(stderr).toContain("holds the data of a Docker engine");
});

test("unprotected TCP is refused unless it is meant", async () => {
  const refused = await run(engine.daemonCommand("--validate", "-H", "tcp://0.0.0.0:2375"));
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toContain("refusing to listen on tcp://0.0.0.0:2375 without --tlsverify");
  expect(await run(engine.daemonCommand("--validate", "-H", "tcp://0.0.0.0:2375", "--tls=false"))).toMatchObject({ code: 0, stderr: "configuration OK\n" });
});

test("what only the engine finds wrong is named with its place too", async () => {
  const wrong = join(folder, "wrong.json");
  const check = async (settings: object): Promise<string> => {
    writeFileSync(wrong, JSON.stringify(settings, null, 1));
    return (await run(engine.daemonCommand("--validate", "--config-file", wrong))).stderr;
  };
  expect(await check({ debug: true, "log-opts": { foo: "x" } })).toContain(`${wrong}, line 3, column 2: "log-opts": failed to set log opts: unknown log opt 'foo' for json-file log driver`);
  expect(await check({ "log-driver": "nosuch" })).toContain(`${wrong}, line 2, column 2: "log-driver": `);
  expect(await check({ "seccomp-profile": "/nosuch" })).toContain(`${wrong}, line 2, column 2: "seccomp-profile": opening seccomp profile (/nosuch) failed: `);
  expect(await check({ group: "nosuch" })).toContain(`${wrong}, line 2, column 2: "group": group nosuch not found`);
  expect(await check({ tls: true, tlscert: "/nosuch" })).toContain(`${wrong}, line 3, column 2: "tlscert": invalid TLS configuration: could not read the TLS certificate /nosuch`);
});

test("SIGHUP while the engine starts is kept until it runs", async () => {
  await using other = await startEngine({ busybox: false });
  await other.stop();
  write({ "metrics-addr": "127.0.0.1:9323" });
  using starting = Live.spawn(other.daemonCommand("--config-file", file));
  await starting.until("no metrics are served");
  starting.signal("SIGHUP");
  await starting.until(/^ready$/m);
  await starting.until("Reloaded configuration: nothing has changed");
  starting.signal("SIGTERM");
  expect(await starting.exitCode()).toBe(0);
});

test("READY and STOPPING are told to a service manager", async () => {
  const socket = join(folder, "notify");
  using manager = Live.spawn(["python3", "-uc", `
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(${JSON.stringify(socket)})
print("bound")
while True: print(s.recv(1000).decode().replace("\\n", " "))`]);
  await manager.until("bound");
  await using other = await startEngine({ busybox: false, env: { NOTIFY_SOCKET: socket } });
  await manager.until(`READY=1 MAINPID=${other.pid}`);
  await other.stop();
  await manager.until("STOPPING=1");
});
