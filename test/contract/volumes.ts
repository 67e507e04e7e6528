/** Volumes: what is refused and how, what is shown, filtered and pruned, and what containers find in them. The same against every engine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { busyboxTar } from "../images.ts";
import type { Subject } from "./contract.ts";
import { call, callJson, messageOf, type Answer } from "./wire.ts";

const IMAGE = "hako-volumes:test";
type Body = Record<string, unknown>;

/** Docker looks for a plugin more than once, and is slow on a busy machine. */
const PATIENCE_MS = 60_000;

const own = (name: string): string => `hako-contract-${process.pid}-${name}`;
const options = (DriverOpts: Record<string, string>): Body => ({ DriverOpts });
const NAME = own("refused");

/** What a request to create a volume is refused for. */
const REFUSED: readonly (readonly [body: Body, status: number, message: string])[] = [
  [{ Name: "a" }, 400, "create a: volume name is too short, names should be at least two alphanumeric characters"],
  [{ Name: "a/b" }, 400, 'create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'],
  [{ Name: "../ab" }, 400, 'create ../ab: "../ab" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'],
  [{ Name: NAME, Driver: "hako-none" }, 404, `create ${NAME}: error looking up volume plugin hako-none: plugin "hako-none" not found`],
  [{ Name: NAME, ...options({ bad: "1" }) }, 400, `create ${NAME}: invalid option: "bad"`],
  [{ Name: NAME, ...options({ type: "tmpfs" }) }, 400, `create ${NAME}: missing required option: "device"`],
  [{ Name: NAME, ...options({ device: "x" }) }, 400, `create ${NAME}: missing required option: "type"`],
  [{ Name: NAME, ...options({ type: "tmpfs", o: "x" }) }, 400, `create ${NAME}: missing required option: "device"`],
  [{ Name: NAME, ...options({ size: "zz" }) }, 400, `create ${NAME}: invalid size: 'zz'`],
  [{ Name: NAME, ...options({ size: "" }) }, 400, `create ${NAME}: invalid size: ''`],
  [{ Name: NAME, ...options({ size: "1m" }) }, 400, `create ${NAME}: quota size requested but no quota support`],
  [{ Name: NAME, ...options({ type: "cifs", device: "//h:33/x" }) }, 400, `create ${NAME}: port not allowed in CIFS device URL, include 'port' in 'o='`],
  [{ Name: NAME, ClusterVolumeSpec: {} }, 503, 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'],
];

/** Filters of the list and of prune that are none. */
const BAD_FILTERS: readonly (readonly [method: string, target: string, filters: Record<string, string[]>, message: string])[] = [
  ["GET", "/volumes", { bad: ["1"] }, "invalid filter 'bad'"],
  ["GET", "/volumes", { dangling: ["bad"] }, "invalid filter 'dangling=[bad]'"],
  ["POST", "/volumes/prune", { until: ["1h"] }, "invalid filter 'until'"],
  ["POST", "/volumes/prune", { all: ["maybe"] }, "invalid filter 'all': strconv.ParseBool: parsing \"maybe\": invalid syntax"],
];

/** Mounts of a device that does not come: what start says behind the volume's own path. */
const UNMOUNTABLE: readonly (readonly [options: Record<string, string>, message: string])[] = [
  [{ type: "none", o: "bind", device: "/hako/none" }, "failed to mount local volume: mount /hako/none:PATH, flags: 0x1000: no such file or directory"],
  [{ type: "none", o: "rbind,ro", device: "/hako/none" }, "failed to mount local volume: mount /hako/none:PATH, flags: 0x5001: no such file or directory"],
  [{ type: "badfs", device: "x", o: "a,nosuid,b=1,rw" }, "failed to mount local volume: mount x:PATH, flags: 0x2, data: a,b=1: no such device"],
];

export function describeVolumes(subject: Subject): void {
  const ask = (method: string, target: string, body?: Body): Promise<Answer> => (body ? callJson(subject.socket(), method, `/v1.51${target}`, body) : call(subject.socket(), { method, target: `/v1.51${target}` }));
  const create = (name: string, body: Body = {}): Promise<Answer> => ask("POST", "/volumes/create", { Name: own(name), ...body });
  const remove = (name: string): Promise<Answer> => ask("DELETE", `/volumes/${own(name)}?force=1`);
  const filtered = (target: string, filters: Record<string, string[]>): string => `${target}?filters=${encodeURIComponent(JSON.stringify(filters))}`;
  const listed = async (filters: Record<string, string[]>): Promise<string[]> => {
    const { Volumes } = JSON.parse((await ask("GET", filtered("/volumes", { name: [own("")], ...filters }))).text) as { Volumes: { Name: string }[] | null };
    return (Volumes ?? []).map(({ Name }) => Name.slice(own("").length)).sort();
  };
  const container = own("container");
  const gone = (): Promise<Answer> => ask("DELETE", `/containers/${container}?force=1&v=1`);
  /** A container with these mounts; what its command prints. */
  const runWith = async (body: Body, script: string): Promise<string> => {
    expect((await ask("POST", `/containers/create?name=${container}`, { Image: IMAGE, Tty: true, Cmd: ["sh", "-c", script], ...body })).status).toBe(201);
    expect((await ask("POST", `/containers/${container}/start`)).status).toBe(204);
    await ask("POST", `/containers/${container}/wait`);
    const { text } = await ask("GET", `/containers/${container}/logs?stdout=1`);
    await gone();
    return text.replaceAll("\r", "");
  };

  describe(`volumes: ${subject.name}`, () => {
    beforeAll(async () => {
      const archive = new Uint8Array(await Bun.file(await busyboxTar()).arrayBuffer());
      await call(subject.socket(), { method: "POST", target: "/images/create?fromSrc=-&repo=hako-volumes&tag=test", headers: { "Content-Type": "application/x-tar" }, body: archive });
    }, PATIENCE_MS);
    afterAll(async () => {
      await gone();
      await ask("DELETE", `/images/${IMAGE}?force=1`);
    });

    test.each(REFUSED.map(([body, status, message]) => [JSON.stringify(body), body, status, message] as const))("%s is refused", async (_, body, status, message) => {
      const answer = await ask("POST", "/volumes/create", body);
      expect([answer.status, messageOf(answer)]).toEqual([status, message]);
    }, PATIENCE_MS);

    test.each(BAD_FILTERS)("%s %s %j", async (method, target, filters, message) => {
      const answer = await ask(method, filtered(target, filters));
      expect([answer.status, messageOf(answer)]).toEqual([400, message]);
    }, PATIENCE_MS);

    test("a volume as it is shown, and found again whatever else is asked", async () => {
      const asked = { Driver: "local", DriverOpts: { type: "tmpfs", device: "tmpfs", o: "size=1m" }, Labels: { a: "b" } };
      const first = await create("shown", asked);
      expect(first.status).toBe(201);
      const shown = { Name: own("shown"), Driver: "local", Labels: { a: "b" }, Options: asked.DriverOpts, Scope: "local" };
      expect(JSON.parse(first.text)).toMatchObject(shown);
      expect(JSON.parse((await create("shown", { Driver: "local", Labels: { c: "d" } })).text)).toMatchObject(shown);
      expect(JSON.parse((await ask("GET", `/volumes/${own("shown")}`)).text)).toMatchObject(shown);
      const df = JSON.parse((await ask("GET", "/system/df?type=volume")).text) as { Volumes: { Name: string }[] };
      expect(df.Volumes.map(({ Name }) => Name)).not.toContain(own("shown"));
      expect((await remove("shown")).status).toBe(204);
    }, PATIENCE_MS);

    test("filters: by name, label, driver and use", async () => {
      await create("one", { Labels: { k: "1" } });
      await create("two", { Labels: { k: "2", l: "" } });
      await ask("POST", `/containers/create?name=${container}`, { Image: IMAGE, Cmd: ["true"], HostConfig: { Binds: [`${own("one")}:/x`] } });
      expect(await listed({})).toEqual(["one", "two"]);
      expect(await listed({ label: ["k"] })).toEqual(["one", "two"]);
      expect(await listed({ label: ["k=2"] })).toEqual(["two"]);
      expect(await listed({ label: ["k", "l"] })).toEqual(["two"]);
      expect(await listed({ dangling: ["true"] })).toEqual(["two"]);
      expect(await listed({ dangling: ["0"] })).toEqual(["one"]);
      expect(await listed({ driver: ["local"] })).toEqual(["one", "two"]);
      expect(await listed({ driver: ["hako-none"] })).toEqual([]);
      expect(await listed({ name: ["ontract", own("two")] })).toEqual(["one", "two"]);
      const used = await ask("DELETE", `/volumes/${own("one")}?force=1`);
      expect([used.status, messageOf(used).replace(/[0-9a-f]{64}/, "ID")]).toEqual([409, `remove ${own("one")}: volume is in use - [ID]`]);
      await gone();
      const missing = [await ask("GET", `/volumes/${own("none")}`), await ask("DELETE", `/volumes/${own("none")}`)];
      expect(missing.map((answer) => [answer.status, messageOf(answer)])).toEqual([404, 404].map((status) => [status, `get ${own("none")}: no such volume`]));
      expect([(await remove("one")).status, (await remove("two")).status, (await remove("none")).status]).toEqual([204, 204, 204]);
    }, PATIENCE_MS);

    test("prune takes what was not named, and with all=1 the rest, but nothing in use", async () => {
      const labelled = { Labels: { pruned: own("x") } };
      const nameless = (JSON.parse((await ask("POST", "/volumes/create", labelled)).text) as { Name: string }).Name;
      await create("named", labelled);
      await create("used", labelled);
      await ask("POST", `/containers/create?name=${container}`, { Image: IMAGE, Cmd: ["true"], HostConfig: { Binds: [`${own("used")}:/x`] } });
      const pruned = async (filters: Record<string, string[]>): Promise<string[] | null> => (JSON.parse((await ask("POST", filtered("/volumes/prune", { label: [`pruned=${own("x")}`], ...filters }))).text) as { VolumesDeleted: string[] | null }).VolumesDeleted;
      expect(await pruned({})).toEqual([nameless]);
      expect(await pruned({ all: ["1"] })).toEqual([own("named")]);
      expect((await pruned({ all: ["1"] })) ?? []).toEqual([]);
      await gone();
      await remove("used");
    }, PATIENCE_MS);

    test.each(UNMOUNTABLE)("%j cannot be mounted", async (DriverOpts, message) => {
      await create("device", { DriverOpts });
      await ask("POST", `/containers/create?name=${container}`, { Image: IMAGE, Cmd: ["true"], HostConfig: { Binds: [`${own("device")}:/x`] } });
      const words = messageOf(await ask("POST", `/containers/${container}/start`));
      const path = /^error while mounting volume '([^']*\/volumes\/[^']*\/_data)': /.exec(words)?.[1] ?? "";
      expect(words.replaceAll(path, "PATH")).toBe(`error while mounting volume 'PATH': ${message}`);
      await gone();
      await remove("device");
    }, PATIENCE_MS);

    test("memory as a volume: two containers share it", async () => {
      await create("memory", { DriverOpts: { type: "tmpfs", device: "tmpfs", o: "size=1m,uid=7,mode=0750" } });
      const HostConfig = { Binds: [`${own("memory")}:/x`], NetworkMode: "none" };
      await ask("POST", `/containers/create?name=${own("first")}`, { Image: IMAGE, Cmd: ["sh", "-c", "echo there > /x/f; exec sleep 1000"], HostConfig });
      await ask("POST", `/containers/${own("first")}/start`);
      expect(await runWith({ HostConfig }, "until [ -s /x/f ]; do :; done; cat /x/f; stat -c '%u %a' /x")).toBe("there\n7 750\n");
      await ask("DELETE", `/containers/${own("first")}?force=1`);
      expect(await runWith({ HostConfig }, "ls /x")).toBe("");
      await remove("memory");
    }, PATIENCE_MS);

    test("nocopy, a part of a volume, and volumes of another container, read-only too", async () => {
      const mount = (more: Body, target = "/x", name = "parts"): Body => ({ HostConfig: { NetworkMode: "none", Mounts: [{ Type: "volume", Source: own(name), Target: target, VolumeOptions: more }] } });
      expect(await runWith(mount({ NoCopy: true }, "/etc", "empty"), "ls /etc | grep -c passwd")).toBe("0\n");
      await remove("empty");
      expect(await runWith(mount({}), "mkdir /x/part; echo p > /x/part/f")).toBe("");
      expect(await runWith(mount({ Subpath: "part" }), "ls /x")).toBe("f\n");
      await ask("POST", `/containers/create?name=${container}`, { Image: IMAGE, Cmd: ["true"], ...mount({ Subpath: "nope" }) });
      expect(messageOf(await ask("POST", `/containers/${container}/start`))).toMatch(/^cannot access path (\S+)\/_data\/nope: lstat \1\/_data\/nope: no such file or directory$/);
      await gone();
      await ask("POST", `/containers/create?name=${own("first")}`, { Image: IMAGE, Cmd: ["true"], HostConfig: { Binds: [`${own("parts")}:/x`] } });
      const from = (text: string): Body => ({ HostConfig: { NetworkMode: "none", VolumesFrom: [`${own("first")}${text}`] } });
      expect(await runWith(from(""), "touch /x/made && echo /x/*")).toBe("/x/made /x/part\n");
      expect(await runWith(from(":ro"), "touch /x/more 2>/dev/null || echo /x/*")).toBe("/x/made /x/part\n");
      await ask("DELETE", `/containers/${own("first")}?force=1`);
      await remove("parts");
    }, PATIENCE_MS);

    test("a volume's mount and unmount are events", async () => {
      const since = Date.now() / 1000 - 1;
      expect(await runWith({ HostConfig: { NetworkMode: "none", Binds: [`${own("told")}:/x:ro`] } }, "true")).toBe("");
      await remove("told");
      const filters = encodeURIComponent(JSON.stringify({ volume: [own("told")] }));
      const { text } = await ask("GET", `/events?since=${since}&until=${Math.ceil(Date.now() / 1000)}&filters=${filters}`);
      const events = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as { Action: string; Actor: { Attributes: Record<string, string> } });
      expect(events.map(({ Action }) => Action)).toEqual(["create", "mount", "unmount", "destroy"]);
      const { container: _id, ...attributes } = events[1]?.Actor.Attributes ?? {};
      expect(attributes).toEqual({ driver: "local", destination: "/x", propagation: "", "read/write": "false" });
    }, PATIENCE_MS);
  });
}
