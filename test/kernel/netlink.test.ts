/** rtnetlink against the kernel, in a network namespace of the test's own. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { AT, closeFd, loopbackBatch, namespacePath, O, openat2, Rtnetlink, statx } from "../../src/linux/mod.ts";
import { codeOf } from "../linux/code-of.ts";

let rtnl: Rtnetlink;
let namespace = -1;
const holder = Bun.spawn(["unshare", "--net", "sleep", "60"], { stdin: "ignore", stdout: "ignore" });

beforeAll(async () => {
  const own = statx(AT.FDCWD, namespacePath(process.pid, "net"), 0).ino;
  while (statx(AT.FDCWD, namespacePath(holder.pid, "net"), 0).ino === own) await Bun.sleep(1);
  namespace = openat2(AT.FDCWD, namespacePath(holder.pid, "net"), { flags: O.RDONLY });
  rtnl = new Rtnetlink(namespace);
});

afterAll(() => {
  rtnl[Symbol.dispose]();
  closeFd(namespace);
  holder.kill(9);
});

describe("Rtnetlink", () => {
  test("works in the namespace it was opened for, not in the caller's", () => {
    expect(rtnl.links().filter((link) => link.kind === undefined && link.name !== "lo")).toEqual([]);
    expect(rtnl.link("lo")).toMatchObject({ index: 1, up: false });
    rtnl.apply(loopbackBatch());
    expect(rtnl.link("lo")?.up).toBe(true);
  });

  test("counters() tells what went through every interface", async () => {
    const lo = (): number => rtnl.counters().get(1)?.txPackets ?? 0;
    rtnl.apply(loopbackBatch());
    const before = lo();
    const pinging = Bun.spawn(["nsenter", `--net=${namespacePath(holder.pid, "net")}`, "busybox", "ping", "-c", "1", "-W", "2", "127.0.0.1"], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    expect(await pinging.exited).toBe(0);
    expect(lo() - before).toBeGreaterThanOrEqual(2);
    expect([...rtnl.counters().keys()].sort()).toEqual(rtnl.links().map(({ index }) => index).sort());
  });

  test("makes a bridge, gives it addresses and finds them and their routes", () => {
    const index = rtnl.createBridge("br0", { mac: "02:42:0a:00:00:01", mtu: 1400 });
    rtnl.addAddress(index, "10.9.0.1/24");
    rtnl.addAddress(index, "10.9.0.1/24");
    rtnl.addAddress(index, "fd00:9::1/64");
    rtnl.setUp(index);
    expect(rtnl.link("br0")).toEqual({ index, name: "br0", up: true, mac: "02:42:0a:00:00:01", mtu: 1400, master: 0, kind: "bridge", alias: "" });
    expect(rtnl.addresses(index)).toContainEqual({ index, address: "10.9.0.1", prefix: 24 });
    expect(rtnl.addresses(index)).toContainEqual({ index, address: "fd00:9::1", prefix: 64 });
    expect(rtnl.routes()).toContainEqual({ destination: "10.9.0.0", prefix: 24, gateway: undefined, index });
    rtnl.setDown(index);
    expect(rtnl.link("br0")?.up).toBe(false);
  });

  test("removes a link while this thread goes on", async () => {
    rtnl.createBridge("leaving");
    let turns = 0;
    const turning = setInterval(() => turns++, 1);
    await rtnl.deleteLinkLater("leaving");
    clearInterval(turning);
    expect(rtnl.link("leaving")).toBeUndefined();
    expect(turns).toBeGreaterThan(0);
    await rtnl.deleteLinkLater("leaving");
  });

  test("what is missing or there already is said by name", () => {
    expect(rtnl.link("none")).toBeUndefined();
    expect(rtnl.deleteLink("none")).toBe(false);
    expect(codeOf(() => rtnl.createBridge("br0"))).toBe("EEXIST");
    expect(codeOf(() => rtnl.setUp(9999))).toBe("ENODEV");
    expect(codeOf(() => rtnl.addAddress(9999, "10.0.0.1/8"))).toBe("ENODEV");
    expect(codeOf(() => rtnl.createBridge("a-name-that-is-too-long"))).toBe("ERANGE");
  });

  test("a batch stops at the first error and leaves the socket usable", () => {
    const [up] = [loopbackBatch()];
    const wrong = up.slice();
    new DataView(wrong.buffer).setInt32(20, 9999, true);
    expect(codeOf(() => rtnl.apply(Buffer.concat([up, wrong, up])))).toBe("ENODEV");
    expect(rtnl.link("lo")?.up).toBe(true);
    expect(rtnl.deleteLink("br0")).toBe(true);
    expect(rtnl.link("br0")).toBeUndefined();
  });

  test("lists hundreds of links, more than one answer of the kernel holds", () => {
    for (let number = 0; number < 300; number++) rtnl.createBridge(`b${number}`);
    expect(rtnl.links().filter((link) => link.kind === "bridge")).toHaveLength(300);
  });
});
