import { afterAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startFailureCode } from "../../src/cli/commands/exit-code.ts";
import { DetachKeys, parseDetachKeys } from "../../src/cli/detach-keys.ts";
import { readEnvFile, readLabelFile } from "../../src/cli/options/key-value.ts";
import { parseUlimit } from "../../src/cli/options/limits.ts";
import { parseCsv, parseMount } from "../../src/cli/options/mount.ts";
import { platformJson } from "../../src/cli/options/platform.ts";
import { parseExpose, parsePublish } from "../../src/cli/options/ports.ts";
import { createRequest } from "../../src/cli/options/request.ts";
import { logTime } from "../../src/cli/options/time.ts";
import { parseLine } from "../../src/cli/parse.ts";
import { RUN } from "../../src/cli/table/container.ts";
import { ApiError } from "../../src/client/mod.ts";
import { scratchFolder } from "../scratch.ts";

const folder = scratchFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const file = (text: string): string => {
  const path = join(folder, String(Math.random()).slice(2));
  writeFileSync(path, text);
  return path;
};

describe("--env-file", () => {
  test("takes lines as they are, and bare names from our own environment", () => {
    process.env["HAKO_TEST_OWN"] = "own";
    expect(readEnvFile(file('\uFEFF# c\n\nA=1\n  B=2\nHAKO_TEST_OWN\nHAKO_TEST_NOT\nY="q"\r\nC= x y \n'))).toEqual(["A=1", "B=2", "HAKO_TEST_OWN=own", 'Y="q"', "C= x y "]);
  });

  test("refuses what docker refuses", () => {
    const spaced = file("A B=1\n");
    expect(() => readEnvFile(spaced)).toThrow(`invalid env file (${spaced}): variable 'A B' contains whitespaces`);
    const nameless = file("=1\n");
    expect(() => readEnvFile(nameless)).toThrow(`invalid env file (${nameless}): no variable name on line '=1'`);
    expect(() => readEnvFile("/nope")).toThrow("open /nope: no such file or directory");
  });

  test("--label-file leaves out names without a value", () => expect(readLabelFile(file("a\nb=c\n"))).toEqual(["b=c"]));
});

describe("--mount", () => {
  test("becomes a mount", () => {
    expect(parseMount("type=bind,src=/a,dst=/b,ro,bind-propagation=rslave")).toEqual({ Type: "bind", Source: "/a", Target: "/b", ReadOnly: true, BindOptions: { Propagation: "rslave" } });
    expect(parseMount("target=/x,volume-opt=a=b,volume-label=c=d")).toEqual({ Type: "volume", Target: "/x", VolumeOptions: { DriverConfig: { Options: { a: "b" } }, Labels: { c: "d" } } });
    expect(parseMount('type=tmpfs,dst=/t,"tmpfs-size=1m",tmpfs-mode=1770')).toEqual({ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1 << 20, Mode: 0o1770 } });
  });

  test("answers mistakes with docker's words", () => {
    const messages: ReadonlyArray<readonly [string, string]> = [
      ["type=foo", "target is required"],
      ["target", "invalid field 'target' must be a key=value pair"],
      ["target=/x,foo=bar", "unexpected key 'foo' in 'foo=bar'"],
      ["type=tmpfs,target=/x,tmpfs-size=z", "invalid value for tmpfs-size: z"],
      ["type=bind,dst=/x,readonly=maybe", "invalid value for readonly: maybe"],
      ["type=volume,dst=/x,bind-propagation=shared", "cannot mix 'bind-*' options with mount type 'volume'"],
      ["", "EOF"],
      ['a"b', 'parse error on line 1, column 2: bare " in non-quoted-field'],
    ];
    for (const [mount, message] of messages) expect(() => parseMount(mount)).toThrow(message);
  });

  test("parseCsv() undoes quotes", () => expect(parseCsv('a,"b,""c""",d')).toEqual(["a", 'b,"c"', "d"]));
});

describe("ports", () => {
  test("are single, ranges, bound and of any protocol", () => {
    expect(parsePublish("80")).toEqual([{ port: "80/tcp", binding: { HostIp: "", HostPort: "" } }]);
    expect(parsePublish("127.0.0.1:53:53/udp")).toEqual([{ port: "53/udp", binding: { HostIp: "127.0.0.1", HostPort: "53" } }]);
    expect(parsePublish("[::1]:8000-8001:80-81").map(({ port, binding }) => [port, binding.HostIp, binding.HostPort])).toEqual([["80/tcp", "::1", "8000"], ["81/tcp", "::1", "8001"]]);
    expect(parsePublish("8000-8010:80")[0]?.binding.HostPort).toBe("8000-8010");
    expect(parseExpose("80-81/udp")).toEqual(["80/udp", "81/udp"]);
  });

  test("are refused in docker's words", () => {
    const messages: ReadonlyArray<readonly [string, string]> = [
      ["x", "invalid containerPort: x"],
      ["99999:80", "invalid hostPort: 99999"],
      ["80/foo", "invalid proto: foo"],
      ["1-3:80-81", "invalid ranges specified for container and host Ports: 80-81 and 1-3"],
      ["zz:80:80", "invalid IP address: zz"],
      ["1:2:3:4", "invalid IP address: 1:2"],
    ];
    for (const [value, message] of messages) expect(() => parsePublish(value)).toThrow(message);
  });
});

test("parseUlimit() checks names and order", () => {
  expect(parseUlimit("nofile=1024:2048")).toEqual({ Name: "nofile", Soft: 1024, Hard: 2048 });
  expect(parseUlimit("core=-1")).toEqual({ Name: "core", Soft: -1, Hard: -1 });
  expect(() => parseUlimit("x")).toThrow("invalid ulimit argument: x");
  expect(() => parseUlimit("foo=5")).toThrow("invalid ulimit type: foo");
  expect(() => parseUlimit("nofile=5:3")).toThrow("ulimit soft limit must be less than or equal to hard limit: 5 > 3");
});

describe("createRequest()", () => {
  const request = (...words: string[]) => {
    const { flags, args } = parseLine(words, RUN.flags, false);
    return createRequest(flags, args[0] ?? "", args.slice(1));
  };

  const EMPTY = { PortBindings: {}, Dns: [], DnsOptions: [], DnsSearch: [], BlkioWeightDevice: [], BlkioDeviceReadBps: [], BlkioDeviceWriteBps: [], BlkioDeviceReadIOps: [], BlkioDeviceWriteIOps: [], Devices: [], Ulimits: [] };

  test("sends nothing that was not asked for, but the empty lists that docker sends", () => {
    expect(request("--rm", "busybox", "true")).toEqual({
      Image: "busybox", AttachStdin: false, AttachStdout: true, AttachStderr: true, OpenStdin: false, StdinOnce: false, Tty: false, Cmd: ["true"], HostConfig: { ...EMPTY, AutoRemove: true },
    });
  });

  test("sends what was", () => {
    const sent = request(
      "-it", "-e", "A=1", "-v", "/a:/b:ro", "-v", "/anon", "--tmpfs", "/t:size=1m", "-p", "8080:80", "--network", "host", "--cap-add", "ALL", "--entrypoint", "",
      "--stop-timeout", "0", "--init", "--label", "x=y", "--ulimit", "nofile=5", "--device", "/dev/null", "--security-opt", "seccomp=unconfined", "--dns", "1.1.1.1", "img",
    );
    expect([sent.OpenStdin, sent.StdinOnce, sent.Tty, sent.StopTimeout, sent.Entrypoint]).toEqual([true, true, true, 0, [""]]);
    expect([sent.Env, sent.Labels, sent.Volumes, sent.ExposedPorts]).toEqual([["A=1"], { x: "y" }, { "/anon": {} }, { "80/tcp": {} }]);
    expect(sent.HostConfig).toEqual({
      ...EMPTY, Binds: ["/a:/b:ro"], NetworkMode: "host", Ulimits: [{ Name: "nofile", Soft: 5, Hard: 5 }], CapAdd: ["ALL"], SecurityOpt: ["seccomp=unconfined"],
      Devices: [{ PathOnHost: "/dev/null", PathInContainer: "/dev/null", CgroupPermissions: "rwm" }], Dns: ["1.1.1.1"], PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] },
      Tmpfs: { "/t": "size=1m" }, Init: true,
    });
  });

  test("gives our locale to the embedded image only", () => {
    process.env["LANG"] = "ja_JP.UTF-8";
    expect(request("hako/hello").Env).toContain("LANG=ja_JP.UTF-8");
    expect(request("busybox").Env).toBeUndefined();
  });

  test("refuses in docker's words", () => {
    const messages: ReadonlyArray<readonly [string[], string]> = [
      [["-e", ""], 'invalid argument "" for "-e, --env" flag: invalid environment variable: '],
      [["-a", "foo"], 'invalid argument "foo" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR'],
      [["--sysctl", "x"], "invalid argument \"x\" for \"--sysctl\" flag: sysctl 'x' is not allowed"],
      [["--pid", "foo"], "--pid: invalid PID mode"],
      [["--rm", "--restart", "always"], "conflicting options: cannot specify both --restart and --rm"],
      [["--restart", "on-failure:x"], "invalid restart policy format: maximum retry count must be an integer"],
      [["--security-opt", "foo"], 'Invalid --security-opt: "foo"'],
      [["--health-cmd", "x", "--no-healthcheck"], "--no-healthcheck conflicts with --health-* options"],
      [["--add-host", "x"], 'invalid argument "x" for "--add-host" flag: bad format for add-host: "x"'],
      [["--device", "/dev/null:x:q"], "bad mode specified: q"],
      [["-v", ""], "invalid empty volume spec"],
    ];
    for (const [words, message] of messages) expect(() => request(...words, "img")).toThrow(message);
  });
});

test("startFailureCode() is 127, 126 or 125", () => {
  expect(startFailureCode(new ApiError(400, 'exec: "x": executable file not found in $PATH'))).toBe(127);
  expect(startFailureCode(new ApiError(400, 'exec: "/bin": is a directory: permission denied'))).toBe(126);
  expect(startFailureCode(new ApiError(409, "Conflict."))).toBe(125);
  expect(startFailureCode(new Error("open /x: no such file or directory"))).toBe(125);
});

test("detach keys are found over chunk borders, others go through", () => {
  const keys = new DetachKeys(parseDetachKeys(undefined));
  expect(keys.push(Uint8Array.of(97, 16))).toEqual({ bytes: Uint8Array.of(97), detached: false });
  expect(keys.push(Uint8Array.of(98))).toEqual({ bytes: Uint8Array.of(16, 98), detached: false });
  expect(keys.push(Uint8Array.of(16, 17, 99))).toEqual({ bytes: new Uint8Array(), detached: true });
  expect(parseDetachKeys("ctrl-a,b")).toEqual(Uint8Array.of(1, 98));
  expect(parseDetachKeys("nonsense")).toEqual(Uint8Array.of(16, 17));
});

test("logTime() takes times, lengths of time and seconds", () => {
  expect(logTime("since", "2026-11-21T12:00:00Z")).toBe("1795262400.000000000");
  expect(logTime("since", "1795262400.5")).toBe("1795262400.5");
  expect(Number(logTime("since", "10m"))).toBeCloseTo(Date.now() / 1000 - 600, -1);
  expect(() => logTime("since", "foo")).toThrow('invalid value for "since": failed to parse value as time or duration: "foo"');
});

describe("flags that say nothing by themselves", () => {
  const request = (...words: string[]) => createRequest(parseLine([...words, "image"], RUN.flags, false).flags, "image", []);

  test("capabilities go out by their full names", () => {
    expect(request("--cap-add", "net_admin", "--cap-add", "CAP_CHOWN", "--cap-drop", "chown", "--cap-drop", "kill").HostConfig).toMatchObject({ CapAdd: ["CAP_CHOWN", "CAP_NET_ADMIN"], CapDrop: ["CAP_CHOWN", "CAP_KILL"] });
    expect(request("--cap-add", "all", "--cap-add", "chown").HostConfig).toMatchObject({ CapAdd: ["ALL", "CAP_CHOWN"] });
  });

  test("an alias on a network without names is refused", () => {
    for (const network of [[], ["--network", "host"], ["--network", "none"]]) expect(() => request(...network, "--network-alias", "x")).toThrow("network-scoped aliases are only supported for user-defined networks");
    expect(request("--network", "mine", "--network-alias", "x").NetworkingConfig).toEqual({ EndpointsConfig: { mine: { Aliases: ["x"] } } });
  });

  test("--platform of images goes out as JSON", () => {
    expect(platformJson("linux/arm/v7")).toBe('{"os":"linux","architecture":"arm","variant":"v7"}');
    expect(platformJson(undefined)).toBeUndefined();
    expect(() => platformJson("a/b/c/d")).toThrow("cannot parse platform specifier");
  });
});
