/**
 * Runs in a network namespace of its own, which plays the host: an uplink to "outside", the engine's bridge, two containers.
 * Prints what it saw as JSON for network.test.ts.
 */
import { openDatabase } from "../../src/base/mod.ts";
import { addon, pinned } from "../../src/linux/addon.ts";
import { call } from "../../src/linux/call.ts";
import { addressBytes, AF, AT, closeFd, getSysctl, kill, listTable, namespacePath, O, openat2, Rtnetlink, SOCK, socketInNamespace, statx, vethToPid, loopbackBatch, applyRuleset } from "../../src/linux/mod.ts";
import { networkSchema, openNetworks, type Attachment, type Endpoint } from "../../src/network/mod.ts";

const OUTSIDE = "198.51.100.2";
const children: Bun.Subprocess[] = [];
const rtnl = new Rtnetlink();
const db = openDatabase(":memory:", [networkSchema]);
const config = { bridge: "hktest0", table: "hktest" };

/** A process in a network namespace of its own. */
async function namespaceOf(): Promise<{ pid: number; fd: number; rtnl: Rtnetlink }> {
  const child = Bun.spawn(["unshare", "--net", "sleep", "60"], { stdin: "ignore", stdout: "ignore" });
  children.push(child);
  const own = statx(AT.FDCWD, namespacePath(process.pid, "net"), 0).ino;
  while (statx(AT.FDCWD, namespacePath(child.pid, "net"), 0).ino === own) await Bun.sleep(1);
  const fd = openat2(AT.FDCWD, namespacePath(child.pid, "net"), { flags: O.RDONLY });
  return { pid: child.pid, fd, rtnl: new Rtnetlink(fd) };
}

function withPid(host: { messages: Uint8Array; pidOffsets: readonly number[] }, pid: number): Uint8Array {
  const messages = host.messages.slice();
  for (const offset of host.pidOffsets) new DataView(messages.buffer).setUint32(offset, pid, true);
  return messages;
}

function socketAddress(address: string, port: number): Uint8Array {
  return Uint8Array.from([AF.INET, 0, port >> 8, port & 0xff, ...addressBytes(address), 0, 0, 0, 0, 0, 0, 0, 0]);
}

/** Connects from one namespace to another; the address that the listener sees, or the error. */
function reach(from: number, to: number, address: string, port: number, timeoutS = 10n): string {
  const listener = socketInNamespace(to, AF.INET, SOCK.STREAM, 0);
  const client = socketInNamespace(from, AF.INET, SOCK.STREAM, 0);
  try {
    call("bind", listener, socketAddress("0.0.0.0", port), 16);
    call("listen", listener, 1);
    // SO_SNDTIMEO bounds connect: a dropped packet must not hang the test.
    const timeout = pinned(16);
    new DataView(timeout.buffer).setBigInt64(0, timeoutS, true);
    call("setsockopt", client, 1, 21, timeout, 16);
    const connected = addon().syscall(42, client, socketAddress(address, port), 16);
    if (connected < 0) return `error ${-connected}`;
    const peer = pinned(16);
    const length = pinned(4);
    length[0] = 16;
    closeFd(call("accept4", listener, peer, length, 0));
    return [...peer.subarray(4, 8)].join(".");
  } finally {
    closeFd(client);
    closeFd(listener);
  }
}

function only({ endpoints }: Pick<Attachment, "endpoints">): Endpoint {
  const [endpoint] = endpoints;
  if (!endpoint) throw new Error("no endpoint");
  return endpoint;
}

async function container({ netlink }: Attachment): Promise<{ pid: number; fd: number; rtnl: Rtnetlink }> {
  const namespace = await namespaceOf();
  rtnl.apply(withPid(netlink.host, namespace.pid));
  namespace.rtnl.apply(netlink.inside);
  return namespace;
}

/** An uplink made by hand: the far end is "outside" and routes nothing back but to the host's own address. */
async function uplink(): Promise<{ pid: number; fd: number }> {
  const outside = await namespaceOf();
  const bridge = rtnl.createBridge("uplinkbr");
  rtnl.apply(withPid(vethToPid({ hostName: "uplink", hostIndex: 5000, master: bridge, peerName: "eth0" }), outside.pid));
  rtnl.addAddress(bridge, "198.51.100.1/24");
  rtnl.setUp(bridge);
  outside.rtnl.apply(loopbackBatch());
  const far = outside.rtnl.link("eth0");
  outside.rtnl.addAddress(far?.index ?? 0, `${OUTSIDE}/24`);
  outside.rtnl.setUp(far?.index ?? 0);
  return outside;
}

try {
  rtnl.apply(loopbackBatch());
  const outside = await uplink();
  // The first pool is taken by a route of this host.
  const taken = rtnl.createBridge("taken");
  rtnl.addAddress(taken, "172.17.5.1/24");
  const forwardingBefore = getSysctl("net.ipv4.ip_forward");
  const network = openNetworks({ db, rtnl, config });
  await network.setup();
  await network.setup();
  const bridge = network.bridge;
  const forwardingDuring = getSysctl("net.ipv4.ip_forward");

  const wishes = [{ networkId: bridge.id, names: [] }];
  const attach = (id: string, to = network): Endpoint => only(to.attach(id, wishes));
  const attached = [network.attach("a".repeat(64), wishes), network.attach("b".repeat(64), wishes)] as const;
  const [one, two] = [await container(attached[0]), await container(attached[1])];
  const [first, second] = [only(attached[0]), only(attached[1])];
  const insideLink = one.rtnl.link("eth0");
  const insideAddresses = one.rtnl.addresses(insideLink?.index).map(({ address, prefix }) => `${address}/${prefix}`);
  // "Outside" knows the way in, as a neighbour on the uplink may.
  Bun.spawnSync(["nsenter", `--net=${namespacePath(outside.pid, "net")}`, "ip", "route", "add", bridge.subnet, "via", "198.51.100.1"]);
  const reached = {
    outside: reach(one.fd, outside.fd, OUTSIDE, 7001),
    each: reach(one.fd, two.fd, second.ip, 7002),
    gateway: reach(one.fd, openat2(AT.FDCWD, namespacePath(process.pid, "net"), { flags: O.RDONLY }), bridge.gateway, 7003),
    fromOutside: reach(outside.fd, one.fd, first.ip, 7004, 1n),
  };

  await applyRuleset(`table ip filter { chain FORWARD { type filter hook forward priority filter; policy drop; jump DOCKER-USER; }; chain DOCKER-USER { }; }`);
  await network.setup();
  const warned = [...network.warnings];
  await applyRuleset(`insert rule ip filter DOCKER-USER iifname "${config.bridge}" accept\ninsert rule ip filter DOCKER-USER oifname "${config.bridge}" accept`);
  await network.setup();
  const unwarned = [...network.warnings];
  const reachedPastDocker = reach(one.fd, outside.fd, OUTSIDE, 7005);

  for (let index = 0; index < 200; index++) attach(`c${index}`);
  network.detach("c0");
  const reused = attach("c-new").ip;
  const again = attach("c-new");
  kill(two.pid, 9);
  network.sweep(new Set(["a".repeat(64)]));
  const linksAfterSweep = rtnl.links().filter((link) => link.kind === "veth" && link.name !== "uplink").map((link) => link.name);
  const moved = openNetworks({ db, rtnl, config: { ...config, ipv4: { address: "10.77.0.0/24" } } });
  await moved.setup();
  const addressesAfterMove = rtnl.addresses(rtnl.link(config.bridge)?.index).flatMap(({ address, prefix }) => (address.includes(":") ? [] : [`${address}/${prefix}`]));
  const firstAfterMove = attach("moved", moved).ip;
  await moved.teardown();
  await network.teardown();
  console.log(JSON.stringify({
    bridge, first: { ip: first.ip, mac: first.mac, prefix: first.prefix, gateway: first.gateway, hostInterface: first.hostInterface }, second: second.ip,
    insideLink, insideAddresses, reached, reachedPastDocker, warned, unwarned, reused, again: again.ip, linksAfterSweep, addressesAfterMove, firstAfterMove, forwardingBefore, forwardingDuring,
    forwardingAfter: getSysctl("net.ipv4.ip_forward"), tableAfter: (await listTable("inet", config.table)) ?? null, bridgeAfter: rtnl.link(config.bridge) ?? null,
    foreignTableAfter: (await listTable("ip", "filter")) !== undefined,
  }));
} finally {
  for (const child of children) child.kill(9);
}
