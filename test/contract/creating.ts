/**
 * What a request to create a container is refused for, what it is shown as, and what the container's process then finds: the same
 * against every engine.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { encodeTar } from "../../src/archive/mod.ts";
import { busyboxTar } from "../images.ts";
import type { Subject } from "./contract.ts";
import { call, callJson, messageOf, type Answer } from "./wire.ts";

const IMAGE = "hako-creating:test";
type Body = Record<string, unknown>;

const host = (HostConfig: Body, message: string): readonly [Body, string] => [{ HostConfig }, message];
const onBridge = (settings: Body): Body => ({ NetworkingConfig: { EndpointsConfig: { bridge: settings } } });
const joining = (HostConfig: Body, more: Body = {}): Body => ({ ...more, HostConfig: { NetworkMode: "container:nobody", ...HostConfig } });
const mount = (Mount: Body): Body => ({ HostConfig: { Mounts: [Mount] } });

const REFUSED: readonly (readonly [Body, string])[] = [
  host({ PidMode: "bad" }, "invalid PID mode: bad"),
  host({ PidMode: "container:nobody" }, "No such container: nobody"),
  host({ IpcMode: "bad" }, "invalid IPC mode: bad"),
  host({ IpcMode: "container:nobody" }, "No such container: nobody"),
  host({ UTSMode: "bad" }, "invalid UTS mode: bad"),
  host({ CgroupnsMode: "bad" }, "invalid cgroup namespace mode: bad"),
  host({ NetworkMode: "container:" }, "invalid network mode: invalid container format container:<name|id>"),
  [{ Hostname: "h", HostConfig: { UTSMode: "host" } }, "conflicting options: hostname and the UTS mode"],
  [joining({}, { Hostname: "h" }), "conflicting options: hostname and the network mode"],
  [joining({ Links: ["a"] }), "conflicting options: container type network can't be used with links. This would result in undefined behavior"],
  [joining({ Dns: ["1.1.1.1"] }), "conflicting options: dns and the network mode"],
  [joining({ ExtraHosts: ["a:1.1.1.1"] }), "conflicting options: custom host-to-IP mapping and the network mode"],
  [joining({ PublishAllPorts: true }), "conflicting options: port publishing and the container type network mode"],
  [joining({}, { ExposedPorts: { "80/tcp": {} } }), "conflicting options: port exposing and the container type network mode"],
  host({ NetworkMode: "host", Links: ["a"] }, "conflicting options: host type networking can't be used with links. This would result in undefined behavior"),
  host({ Links: ["nobody"] }, "could not get container for nobody: No such container: nobody"),
  [onBridge({ IPAMConfig: { IPv4Address: "nonsense" } }), "invalid config for network bridge: invalid endpoint settings:\n* user specified IP address is supported on user defined networks only\n* invalid IPv4 address: nonsense\n* no configured subnet or ip-range contain the IP address nonsense"],
  [onBridge({ IPAMConfig: { IPv6Address: "2001:db8::1" } }), "invalid config for network bridge: invalid endpoint settings:\n* user specified IP address is supported on user defined networks only\n* user specified IP address is supported only when connecting to networks with user configured subnets"],
  [onBridge({ IPAMConfig: { LinkLocalIPs: ["x"] } }), "invalid config for network bridge: invalid endpoint settings:\ninvalid link-local IP address: x"],
  host({ CapAdd: ["BAD"] }, 'invalid CapAdd: unknown capability: "CAP_BAD"'),
  host({ CapDrop: ["CAP_ALL"] }, 'invalid CapDrop: unknown capability: "CAP_ALL"'),
  host({ SecurityOpt: ["bad"] }, 'invalid --security-opt 1: "bad"'),
  host({ SecurityOpt: ["bad=x"] }, 'invalid --security-opt 2: "bad=x"'),
  host({ StorageOpt: { size: "1g" } }, "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"),
  host({ StorageOpt: { bad: "1" } }, "Unknown option bad"),
  host({ Isolation: "hyperv" }, "invalid isolation (hyperv): linux only supports 'default'"),
  host({ VolumesFrom: [""] }, "volumes-from specification cannot be an empty string"),
  host({ VolumesFrom: ["a:b:c"] }, "invalid mode: b:c"),
  host({ Binds: ["/tmp:/x:bad"] }, "invalid mode: bad"),
  host({ Binds: ["/tmp:x"] }, "invalid volume specification: '/tmp:x': invalid mount config for type \"bind\": invalid mount path: 'x' mount path must be absolute"),
  host({ Binds: ["/tmp:/x", "/var:/x"] }, "Duplicate mount point: /x"),
  [mount({ Type: "bad", Target: "/x" }), 'invalid mount config for type "bad": mount type unknown'],
  [mount({ Type: "bind", Target: "/x" }), 'invalid mount config for type "bind": field Source must not be empty'],
  [mount({ Type: "bind", Source: "/tmp" }), 'invalid mount config for type "bind": field Target must not be empty'],
  [mount({ Type: "tmpfs", Source: "/tmp", Target: "/x" }), 'invalid mount config for type "tmpfs": field Source must not be specified'],
  [mount({ Type: "volume", Target: "/x", VolumeOptions: { Subpath: "a" } }), 'invalid mount config for type "volume": must not set Subpath when using anonymous volumes'],
  [mount({ Type: "volume", Source: "v", Target: "/x", VolumeOptions: { Subpath: "../a" } }), 'invalid mount config for type "volume": subpath must be a relative path within the volume'],
  [mount({ Type: "image", Target: "/x" }), 'invalid mount config for type "image": field Source must not be empty'],
  [mount({ Type: "image", Source: IMAGE, Target: "/x", ImageOptions: { Subpath: "/a" } }), 'invalid mount config for type "image": subpath must be a relative path within the volume'],
  [mount({ Type: "bind", Source: "/tmp", Target: "/x", VolumeOptions: {} }), 'VolumeOptions must not be specified on mount type "bind"'],
  [mount({ Type: "volume", Target: "/x", TmpfsOptions: {} }), 'TmpfsOptions must not be specified on mount type "volume"'],
  [mount({ Type: "tmpfs", Target: "/x", TmpfsOptions: { Options: [["uid", "5"]] } }), 'invalid mount config for type "tmpfs": invalid option: uid'],
  [mount({ Type: "tmpfs", Target: "/x", TmpfsOptions: { Options: [[]] } }), 'invalid mount config for type "tmpfs": invalid option array length'],
  host({ Binds: ["a:/x"] }, "create a: volume name is too short, names should be at least two alphanumeric characters"),
  host({ VolumeDriver: "bad", Binds: ["ab:/x"] }, 'create ab: error looking up volume plugin bad: plugin "bad" not found'),
  host({ ExtraHosts: ["a:b"] }, 'invalid IP address in add-host: "b"'),
  host({ ExtraHosts: ["a=1.2.3.4"] }, 'bad format for add-host: "a=1.2.3.4"'),
  host({ Links: ["a:b:c"] }, "bad format for links: a:b:c"),
  host({ PortBindings: { "99999/tcp": [] } }, 'invalid port specification: "99999"'),
  host({ PortBindings: { "80/tcp": [{ HostPort: "99999" }] } }, 'invalid port specification: "99999"'),
  [onBridge({ Aliases: ["a"] }), "invalid config for network bridge: invalid endpoint settings:\nnetwork-scoped alias is supported only for containers in user defined networks"],
  [{ MacAddress: "02:42:ac:11:00:01", ...onBridge({ MacAddress: "02:42:ac:11:00:02" }) }, "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty"],
  [{ WorkingDir: "x" }, "the working directory 'x' is invalid, it needs to be an absolute path"],
  [{ StopSignal: "BAD" }, "invalid signal: BAD"],
  [{ Volumes: { "/etc/passwd": {} } }, "cannot mount volume over existing file, file exists "],
];

const SHOWN: readonly (readonly [string, Body, Body])[] = [
  ["a working folder is cleaned", { WorkingDir: "/a/../b/" }, { Config: { WorkingDir: "/b" } }],
  ["a MAC address is of both", onBridge({ MacAddress: "02:42:ac:11:00:98" }), { Config: { MacAddress: "02:42:ac:11:00:98" }, NetworkSettings: { Networks: { bridge: { MacAddress: "02:42:ac:11:00:98" } } } }],
  ["who sees the host's processes is not labelled", { HostConfig: { PidMode: "host", SecurityOpt: ["no-new-privileges"] } }, { HostConfig: { SecurityOpt: ["no-new-privileges", "label=disable"] } }],
  ["a volume's mount", mount({ Type: "volume", Source: "hako-creating", Target: "/x", VolumeOptions: { NoCopy: true } }), { Mounts: [{ Type: "volume", Name: "hako-creating", Destination: "/x", Driver: "local", Mode: "z", RW: true, Propagation: "" }] }],
  ["a device request, complete", { HostConfig: { DeviceRequests: [{ Driver: "cdi", DeviceIDs: ["a.b/c=d"] }] } }, { HostConfig: { DeviceRequests: [{ Driver: "cdi", Count: 0, DeviceIDs: ["a.b/c=d"], Capabilities: null, Options: null }] } }],
];

/** The script's output, after the request is completed with it. */
const FOUND: readonly (readonly [string, Body, string, string])[] = [
  ["capabilities: what is added counts more than what is dropped", { HostConfig: { CapAdd: ["NET_ADMIN"], CapDrop: ["NET_ADMIN"] } }, "grep CapEff /proc/self/status", "CapEff:\t00000000a80435fb\n"],
  ["an anonymous volume has the image's files, owners and modes", { Volumes: { "/data": {} } }, "cd /data && stat -c '%a %u:%g %n' . f sub/g link && cat f sub/g && readlink link", "2750 12:34 .\n4755 12:34 f\n644 0:0 sub/g\n777 0:0 link\nhi\ndeep\n/etc/passwd\n"],
  ["a volume without copying has nothing", mount({ Type: "volume", Target: "/data", VolumeOptions: { NoCopy: true } }), "ls -A /data; echo end", "end\n"],
  ["an image is mounted, read-only", mount({ Type: "image", Source: IMAGE, Target: "/x" }), "cat /x/data/f; touch /x/y 2>/dev/null || echo no", "hi\nno\n"],
  ["a part of an image", mount({ Type: "image", Source: IMAGE, Target: "/x", ImageOptions: { Subpath: "data/sub" } }), "ls /x", "g\n"],
  ["a file of an image", mount({ Type: "image", Source: IMAGE, Target: "/x", ImageOptions: { Subpath: "data/f" } }), "cat /x", "hi\n"],
  ["groups by name and number", { HostConfig: { GroupAdd: ["extra", "77"] } }, "id -G", "0 77 2000\n"],
];

const REFUSED_AT_START: readonly (readonly [string, Body, string])[] = [
  ["a device that no file describes", { HostConfig: { DeviceRequests: [{ Driver: "cdi", DeviceIDs: ["a.b/c=d", "a.b/c=e"] }] } }, "CDI device injection failed: unresolvable CDI devices a.b/c=d, a.b/c=e"],
  ["a GPU without its driver", { HostConfig: { DeviceRequests: [{ Driver: "", Count: -1, Capabilities: [["gpu"]] }] } }, 'could not select device driver "" with capabilities: [[gpu]]'],
  ["a device that is none", { HostConfig: { Devices: [{ PathOnHost: "/etc/passwd", PathInContainer: "/dev/x", CgroupPermissions: "rwm" }] } }, 'error gathering device information while adding custom device "/etc/passwd": not a device node'],
];

export function describeCreating(subject: Subject): void {
  const name = `hako-creating-${process.pid}`;
  const self = `/containers/${name}`;
  const ask = (method: string, target: string): Promise<Answer> => call(subject.socket(), { method, target: `/v1.51${target}` });
  const create = (body: Body): Promise<Answer> => callJson(subject.socket(), "POST", `/v1.51/containers/create?name=${name}`, { Image: IMAGE, Cmd: ["true"], ...body });
  const gone = (): Promise<Answer> => ask("DELETE", `${self}?force=1&v=1`);

  describe(`creating: ${subject.name}`, () => {
    beforeAll(async () => {
      const answer = await call(subject.socket(), { method: "POST", target: "/images/create?fromSrc=-&repo=hako-creating&tag=test", headers: { "Content-Type": "application/x-tar" }, body: await imageTar() });
      expect(answer.text).not.toContain("errorDetail");
    }, 120_000);
    afterAll(async () => {
      await gone();
      await ask("DELETE", "/volumes/hako-creating?force=1");
      await ask("DELETE", `/images/${IMAGE}?force=1`);
    });

    test.each(REFUSED.map(([body, message]) => [JSON.stringify(body), body, message] as const))("%s is refused", async (_, body, message) => {
      const answer = await create(body);
      await gone();
      expect(messageOf(answer)).toStartWith(message);
      expect([400, 404, 409, ...(subject.kind === "docker" ? [500] : [])]).toContain(answer.status);
      // Docker looks for a plugin more than once.
    }, 120_000);

    test.each(SHOWN)("%s", async (_, body, shown) => {
      expect((await create(body)).status).toBe(201);
      const inspected = JSON.parse((await ask("GET", `${self}/json`)).text) as object;
      await gone();
      expect(inspected).toMatchObject(shown);
    });

    test.each(FOUND)("%s", async (_, body, script, output) => {
      expect((await create({ ...body, Tty: true, Cmd: ["sh", "-c", script] })).status).toBe(201);
      const started = await ask("POST", `${self}/start`);
      expect([started.status, started.text]).toEqual([204, ""]);
      await ask("POST", `${self}/wait`);
      const { text } = await ask("GET", `${self}/logs?stdout=1&stderr=1`);
      await gone();
      expect(text.replaceAll("\r\n", "\n")).toBe(output);
    }, 120_000);

    test.each(REFUSED_AT_START)("%s is refused at the start", async (_, body, message) => {
      expect((await create(body)).status).toBe(201);
      const answer = await ask("POST", `${self}/start`);
      await gone();
      expect(messageOf(answer)).toBe(message);
    }, 120_000);
  });
}

const END_OF_ARCHIVE_BYTES = 1024;

/** Busybox, and a folder of files of several owners. */
async function imageTar(): Promise<Uint8Array> {
  const data = encodeTar([
    { kind: "directory", name: "data/", mode: 0o2750, uid: 12, gid: 34 },
    { kind: "file", name: "data/f", mode: 0o4755, uid: 12, gid: 34, content: "hi\n" },
    { kind: "symlink", name: "data/link", mode: 0o777, linkName: "/etc/passwd" },
    { kind: "directory", name: "data/sub/", mode: 0o755 },
    { kind: "file", name: "data/sub/g", mode: 0o644, content: "deep\n" },
  ]);
  return Buffer.concat([data.subarray(0, -END_OF_ARCHIVE_BYTES), readFileSync(await busyboxTar())]);
}
