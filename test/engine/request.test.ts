/** How a request and an image become a container: merging, mounts, limits, words of refusal (recorded from Docker Engine 28.5). */
import { describe, expect, test } from "bun:test";
import { parseContainerName } from "../../src/engine/container-name.ts";
import { containerCapabilities, DEFAULT_CAPABILITIES } from "../../src/engine/capabilities.ts";
import { parseBind } from "../../src/engine/create/bind.ts";
import { completeHostConfig } from "../../src/engine/create/complete-host-config.ts";
import { keepSupported } from "../../src/engine/create/limit-support.ts";
import { parseMountRequest } from "../../src/engine/create/mount-request.ts";
import { resolveMounts } from "../../src/engine/create/mounts.ts";
import { createWarnings } from "../../src/engine/create/warnings.ts";
import { requireLinked } from "../../src/engine/links.ts";
import { checkPlatform, OWN_ARCHITECTURE, parsePlatform } from "../../src/engine/create/platform.ts";
import { validateConfig } from "../../src/engine/create/validate-config.ts";
import { validateHostConfig } from "../../src/engine/create/validate-host-config.ts";
import { validateResources } from "../../src/engine/create/validate-resources.ts";
import { mergeImageConfig, replaceOrAppendEnv } from "../../src/engine/merge-image-config.ts";
import { parseSecurityOptions } from "../../src/engine/security-options.ts";
import { randomName } from "../../src/engine/random-name.ts";
import { parseSignal } from "../../src/engine/signals.ts";
import type { CgroupPort, CgroupSupport } from "../../src/engine/ports.ts";
import type { HostConfig, ImageConfig } from "../../src/spec/mod.ts";

const EVERY_LIMIT: CgroupSupport = {
  memory: true, swap: true, reservation: true, swappiness: true, kernelMemoryTcp: true, oomKillDisable: true, cpuShares: true, cpuQuota: true, cpuRealtime: true, cpuset: { cpus: "0-1", mems: "0" }, pids: true,
  blockWeight: true, blockWeightDevice: true, blockReadBps: true, blockWriteBps: true, blockReadIops: true, blockWriteIops: true,
};

const none = (): never => {
  throw new Error("No such container");
};

describe("mergeImageConfig()", () => {
  const image = { Entrypoint: ["/entry"], Cmd: ["serve"], Env: ["PATH=/bin", "A=image"], WorkingDir: "/srv", User: "web", Labels: { a: "image", b: "image" }, Volumes: { "/data": {} }, ExposedPorts: { "80/tcp": {} }, StopSignal: "SIGQUIT" };

  test("an empty request takes everything of the image", () => {
    expect(mergeImageConfig({}, image)).toMatchObject({ Entrypoint: ["/entry"], Cmd: ["serve"], WorkingDir: "/srv", User: "web", StopSignal: "SIGQUIT", Volumes: { "/data": {} } });
  });
  test("a command keeps the image's entrypoint", () => {
    expect(mergeImageConfig({ Cmd: ["x"] }, image)).toMatchObject({ Entrypoint: ["/entry"], Cmd: ["x"] });
  });
  test("an entrypoint drops the image's command", () => {
    expect(mergeImageConfig({ Entrypoint: ["/other"] }, image)).toMatchObject({ Entrypoint: ["/other"], Cmd: [] });
  });
  test("variables of the request come first and win", () => {
    expect(mergeImageConfig({ Env: ["A=mine"] }, image).Env).toEqual(["A=mine", "PATH=/bin"]);
  });
  test("labels are joined, the request's win", () => {
    expect(mergeImageConfig({ Labels: { a: "mine" } }, image).Labels).toEqual({ a: "mine", b: "image" });
  });
});

test("replaceOrAppendEnv() replaces in place, appends, and removes what has no value", () => {
  expect(replaceOrAppendEnv(["A=1", "B=2"], ["B=3", "C=4", "A"])).toEqual(["B=3", "C=4"]);
});

describe("parseBind()", () => {
  test("a path is a bind that makes its source, with private propagation", () => {
    expect(parseBind("/x:/y")).toMatchObject({ type: "bind", source: "/x", destination: "/y", readOnly: false, propagation: "rprivate", createSource: true });
  });
  test("modes", () => {
    expect(parseBind("/x:/y/:ro,rslave,z")).toMatchObject({ destination: "/y", readOnly: true, propagation: "rslave", mode: "ro,rslave,z" });
  });
  test("a name is a volume, a lone path a nameless one", () => {
    expect(parseBind("data:/d")).toMatchObject({ type: "volume", source: "data", mode: "z" });
    expect(parseBind("/d").source).toMatch(/^[0-9a-f]{64}$/);
  });
  test.each([
    ["/x:y", "invalid volume specification: '/x:y': invalid mount config for type \"bind\": invalid mount path: 'y' mount path must be absolute"],
    ["/x:/y:zz", "invalid mode: zz"],
    ["/x:/y:ro:rw", "invalid volume specification: '/x:/y:ro:rw'"],
    ["/x:/", "invalid volume specification: '/x:/': invalid mount config for type \"bind\": invalid specification: destination can't be '/'"],
    ["./x:/y", 'create ./x: "./x" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'],
  ])("refuses %s", (text, message) => {
    expect(() => parseBind(text)).toThrow(message);
  });
});

describe("parseMountRequest()", () => {
  test.each([
    [{ Type: "bind", Source: "/no/such", Target: "/y" }, 'invalid mount config for type "bind": bind source path does not exist: /no/such'],
    [{ Type: "bind", Target: "/y" }, 'invalid mount config for type "bind": field Source must not be empty'],
    [{ Type: "zz", Target: "/y" }, 'invalid mount config for type "zz": mount type unknown'],
    [{ Type: "bind", Source: "/tmp" }, 'invalid mount config for type "bind": field Target must not be empty'],
    [{ Type: "tmpfs", Source: "/tmp", Target: "/x" }, 'invalid mount config for type "tmpfs": field Source must not be specified'],
  ])("refuses %o", (request, message) => {
    expect(() => parseMountRequest(request)).toThrow(message);
  });
  test("a tmpfs has its size and mode", () => {
    expect(parseMountRequest({ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1000, Mode: 0o1700 } }).tmpfsOptions).toEqual(["mode=1700", "size=1000"]);
  });
});

describe("resolveMounts()", () => {
  test("one mount per destination, parents first, image volumes last", () => {
    const mounts = resolveMounts({ Volumes: { "/b": {}, "/a/deep": {} } }, { Binds: ["/x:/a/deep/er", "/y:/b"] }, none);
    expect(mounts.map(({ destination, type }) => [destination, type])).toEqual([["/b", "bind"], ["/a/deep", "volume"], ["/a/deep/er", "bind"]]);
  });
  test("refuses a destination twice", () => {
    expect(() => resolveMounts({}, { Binds: ["/x:/y", "/z:/y"] }, none)).toThrow("Duplicate mount point: /y");
  });
});

describe("limits", () => {
  test.each([
    [{ Memory: 100 }, "Minimum memory limit allowed is 6MB"],
    [{ Memory: 1e7, MemorySwap: 5e6 }, "Minimum memoryswap limit should be larger than memory limit, see usage"],
    [{ MemorySwap: 5e6 }, "You should always set the Memory limit when using Memoryswap limit, see usage"],
    [{ Memory: 1e7, MemoryReservation: 2e7 }, "Minimum memory limit can not be less than memory reservation limit, see usage"],
    [{ NanoCpus: 1e9, CpuQuota: 5000 }, "Conflicting options: Nano CPUs and CPU Quota cannot both be set"],
    [{ NanoCpus: 1e12 }, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"],
    [{ CpusetCpus: "99" }, "Requested CPUs are not available - requested 99, available: 0-1"],
    [{ CpusetCpus: "x" }, "Invalid value x for cpuset cpus: invalid format: x"],
    [{ OomScoreAdj: 5000 }, "Invalid value 5000, range for oom score adj is [-1000, 1000]"],
    [{ CpuShares: -1 }, "invalid CPU shares (-1): value must be a positive integer"],
    [{ CpusetCpus: "1-0" }, "Invalid value 1-0 for cpuset cpus: invalid format: 1-0"],
    [{ CpusetCpus: "0," }, "Invalid value 0, for cpuset cpus: invalid format: 0,"],
    [{ CpusetCpus: "99999" }, "Invalid value 99999 for cpuset cpus: value of out range, maximum is 8192"],
    [{ CpusetMems: "9" }, "Requested memory nodes are not available - requested 9, available: 0"],
    [{ CpuRealtimePeriod: 1000, CpuRealtimeRuntime: 2000 }, "cpu real-time runtime cannot be higher than cpu real-time period"],
    [{ IOMaximumIOps: 3 }, "invalid option: QoS maximum IOPs configuration is not supported on linux"],
    [{ BlkioWeight: 5 }, "Range of blkio weight is from 10 to 1000"],
  ])("refuses %o", (host, message) => {
    expect(() => validateResources(host, { cpuCount: 2, supports: EVERY_LIMIT })).toThrow(message);
  });
});

describe("modes and formats", () => {
  test.each([
    [{ PidMode: "bogus" }, "invalid PID mode: bogus"],
    [{ IpcMode: "bogus" }, "invalid IPC mode: bogus"],
    [{ CgroupnsMode: "bogus" }, "invalid cgroup namespace mode: bogus"],
    [{ RestartPolicy: { Name: "bogus" } }, "invalid restart policy: unknown policy 'bogus'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"],
    [{ RestartPolicy: { Name: "always" }, AutoRemove: true }, "can't create 'AutoRemove' container with restart policy"],
    [{ ExtraHosts: ["bogus"] }, 'bad format for add-host: "bogus"'],
    [{ SecurityOpt: ["bogus"] }, 'invalid --security-opt 1: "bogus"'],
    [{ SecurityOpt: ["bogus=1"] }, 'invalid --security-opt 2: "bogus=1"'],
    [{ PortBindings: { "80/tcp": [{ HostPort: "x" }] } }, 'invalid port specification: "x"'],
  ])("refuses %o", (host, message) => {
    expect(() => validateHostConfig({}, host)).toThrow(message);
  });
  test("validateConfig() refuses a nameless variable and a relative working directory", () => {
    expect(() => validateConfig({ Env: ["=x"] })).toThrow("invalid environment variable: =x");
    expect(() => validateConfig({ WorkingDir: "x" })).toThrow("the working directory 'x' is invalid, it needs to be an absolute path");
    expect(() => validateConfig({ StopSignal: "BOGUS" })).toThrow("invalid signal: BOGUS");
  });
  const old = { version: 1 } as const;
  const unified = { version: 2 } as const;
  test("completeHostConfig() shows what says nothing, or is discarded, as Docker does", () => {
    expect(completeHostConfig({ PidsLimit: 0, MemorySwappiness: -1 }, old)).toMatchObject({ PidsLimit: null, MemorySwappiness: null, BlkioWeight: 0 });
    expect(completeHostConfig({ PidsLimit: 5, MemorySwappiness: 10 }, old)).toMatchObject({ PidsLimit: 5, MemorySwappiness: 10 });
    expect(completeHostConfig({ PidMode: "host" }, old).SecurityOpt).toEqual(["label=disable"]);
    expect(completeHostConfig({ IpcMode: "host", SecurityOpt: ["no-new-privileges"] }, old).SecurityOpt).toEqual(["no-new-privileges", "label=disable"]);
  });
  test("completeHostConfig() gives private namespaces by cgroup version, twice the memory as swap, and open paths when privileged", () => {
    expect(completeHostConfig({}, old)).toMatchObject({ NetworkMode: "bridge", IpcMode: "private", CgroupnsMode: "host", ShmSize: 67108864, Binds: null });
    expect(completeHostConfig({ Memory: 1e7 }, unified)).toMatchObject({ CgroupnsMode: "private", MemorySwap: 2e7 });
    expect(completeHostConfig({ Privileged: true }, unified)).toMatchObject({ MaskedPaths: null, ReadonlyPaths: null, SecurityOpt: ["label=disable"] });
  });
});

describe("keepSupported()", () => {
  test("drops what the kernel lacks and says so, in Docker's words", () => {
    const asked = { Memory: 1e8, BlkioWeight: 5, BlkioWeightDevice: [{ Path: "/dev/x", Weight: 10 }], MemorySwappiness: 10, OomKillDisable: true, CpuPercent: 20, PidsLimit: 3 };
    const { kept, warnings } = keepSupported(asked, { ...EVERY_LIMIT, blockWeight: false, blockWeightDevice: false, swappiness: false, oomKillDisable: false });
    expect(kept as object).toEqual({ Memory: 1e8, BlkioWeight: 0, BlkioWeightDevice: [], MemorySwappiness: null, OomKillDisable: null, CpuPercent: 0, PidsLimit: 3 });
    expect(warnings).toEqual([
      "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.",
      "Your kernel does not support OomKillDisable. OomKillDisable discarded.",
      "linux does not support CPU percent. Percent discarded.",
      "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.",
      "Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.",
    ]);
  });
  test("keeps all of what it can set, and warns of a killer that is off without a limit", () => {
    const asked = { MemorySwappiness: 0, OomKillDisable: true };
    expect(keepSupported(asked, EVERY_LIMIT)).toEqual({ kept: asked, warnings: ["OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources."] });
  });
});

test("parseSecurityOptions() reads Docker's words", () => {
  expect(parseSecurityOptions(["no-new-privileges", "seccomp=unconfined", "apparmor=x", "systempaths=unconfined"])).toMatchObject({ noNewPrivileges: true, seccomp: "unconfined", apparmor: "x", systemPathsUnconfined: true });
  expect(parseSecurityOptions(["no-new-privileges:false", 'seccomp={"defaultAction":"x"}']).seccomp).toEqual({ profile: '{"defaultAction":"x"}' });
});

describe("containerCapabilities()", () => {
  const kernel = [...DEFAULT_CAPABILITIES, "CAP_NET_ADMIN", "CAP_SYS_ADMIN"];
  test("Docker's 14 by default", () => expect(containerCapabilities({ add: [], drop: [], privileged: false }, kernel)).toHaveLength(14));
  test("add and drop", () => {
    const caps = containerCapabilities({ add: ["net_admin"], drop: ["CHOWN"], privileged: false }, kernel);
    expect(caps).toContain("CAP_NET_ADMIN");
    expect(caps).not.toContain("CAP_CHOWN");
  });
  test("drop ALL leaves what is added", () => expect(containerCapabilities({ add: ["NET_ADMIN"], drop: ["all"], privileged: false }, kernel)).toEqual(["CAP_NET_ADMIN"]));
  test("refuses an unknown one", () => expect(() => containerCapabilities({ add: ["BOGUS"], drop: [], privileged: false }, kernel)).toThrow('invalid CapAdd: unknown capability: "CAP_BOGUS"'));
});

test("parseContainerName() takes one slash and refuses Docker's way", () => {
  expect(parseContainerName("/web_1.x-y")).toBe("web_1.x-y");
  for (const bad of ["x", "_x", "/a/b", "a b", ""]) expect(() => parseContainerName(bad)).toThrow(`Invalid container name (${bad}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
});

test("randomName() gives adjective_surname and gets out of the way of taken ones", () => {
  expect(randomName(() => false)).toMatch(/^[a-z]+_[a-z]+$/);
  expect(randomName((name) => !/\d$/.test(name))).toMatch(/^[a-z]+_[a-z]+\d+$/);
});

test("parseSignal() takes names, numbers and real-time signals", () => {
  expect(["9", "KILL", "sigterm", "RTMIN+3", "SIGRTMAX-1"].map(parseSignal)).toEqual([9, 9, 15, 37, 63]);
  expect(() => parseSignal("BOGUS")).toThrow("invalid signal: BOGUS");
  expect(() => parseSignal("99")).toThrow("the linux daemon does not support signal 99");
});

describe("platforms", () => {
  test("parsePlatform() refuses four parts", () => expect(() => parsePlatform("a/b/c/d")).toThrow('"a/b/c/d": cannot parse platform specifier: invalid argument'));
  test("checkPlatform() refuses another machine's image", () => {
    const image = { os: "linux", architecture: "amd64", rootfs: { type: "layers" as const, diff_ids: [] } };
    expect(() => checkPlatform("x:1", image, "linux/arm64")).toThrow("image with reference x:1 was found but its platform (linux/amd64) does not match the specified platform (linux/arm64)");
    expect(() => checkPlatform("x:1", image, "linux/x86_64")).not.toThrow();
  });
});

describe("what is asked for and will not be so", () => {
  const amd64 = { os: "linux", architecture: OWN_ARCHITECTURE } as ImageConfig;
  const other = { os: "linux", architecture: "riscv64" } as ImageConfig;
  const warned = (host: HostConfig, { image = amd64, platformAsked = false, lacks = {} } = {}): string =>
    createWarnings({ cgroups: { supports: { ...EVERY_LIMIT, ...lacks } } as CgroupPort }, { hostConfig: host }, { request: { HostConfig: host }, image, platformAsked }).join("\n");
  test.each([
    [{ BlkioWeight: 100 }, { lacks: { blockWeight: false } }, /^Your kernel does not support Block I\/O weight or the cgroup is not mounted. Weight discarded.$/],
    [{ MemorySwappiness: 10 }, { lacks: { swappiness: false } }, /^Your kernel does not support memory swappiness/],
    [{}, { image: other }, new RegExp(`^The requested image's platform \\(linux/riscv64\\) does not match the detected host platform \\(linux/${OWN_ARCHITECTURE}\\) and no specific platform was requested$`)],
  ] as const)("%j warns", (host, more, expected) => {
    expect(warned(host as HostConfig, more as Parameters<typeof warned>[1])).toMatch(expected);
  });
  test("what is honoured is not spoken of", () => {
    expect(warned({ LogConfig: { Type: "local" }, BlkioWeight: 100, MemorySwappiness: 10, Links: ["a:b"] })).toBe("");
    expect(warned({}, { image: other, platformAsked: true })).toBe("");
  });
  test("a link to nobody is refused", () => {
    expect(() => requireLinked(["nobody:x"], () => undefined)).toThrow("could not get container for nobody: No such container: nobody");
    requireLinked(["somebody:x"], (ref) => (ref === "somebody" ? {} : undefined));
  });
  test.each([
  ] as const)("%j is refused", (host, message) => {
    expect(() => validateHostConfig({}, host as unknown as HostConfig)).toThrow(message);
  });
  test.each([
    ["/tmp:/y:nocopy", "invalid volume specification: '/tmp:/y:nocopy': invalid mount config for type \"bind\": field VolumeOptions must not be specified"],
    ["named:/y:rprivate", "invalid volume specification: 'named:/y:rprivate': invalid mount config for type \"volume\": field BindOptions must not be specified"],
  ])("-v %s is refused", (bind, message) => {
    expect(() => parseBind(bind)).toThrow(message);
  });
});
