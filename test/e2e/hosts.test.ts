/** Who reaches a container, and whom it reaches: from two other hosts on the link of the engine's. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { ENGINE_IP, ENGINE_IP6, openLan, UPLINK, type Host, type Lan } from "../lan.ts";
import { Live, run } from "../processes.ts";

setDefaultTimeout(120_000);

let engine: TestEngine;
let lan: Lan;
beforeAll(async () => {
  engine = await startEngine();
  lan = await openLan(engine);
});
afterAll(async () => {
  await lan[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});
afterEach(async () => {
  await engine.clear();
  await engine.ok("network", "prune", "-f");
});

const [FOUR, SIX] = ["10.71.0.0/24", "fd00:71::/64"];
const mode = (four: string, six: string): string[] => ["-o", `com.docker.network.bridge.gateway_mode_ipv4=${four}`, "-o", `com.docker.network.bridge.gateway_mode_ipv6=${six}`];
const createDual = (...flags: string[]): Promise<string> => engine.ok("network", "create", "--ipv6", "--subnet", FOUR, "--subnet", SIX, ...flags, "dual");
const address = (container: string, network: string, field: string): Promise<string> => engine.ok("inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").${field}}}`, container);

/** Answers on ports 80 and 81 with the address of whoever asks. */
const SERVER = ["sh", "-c", "mkdir -p /w/cgi-bin && printf '#!/bin/sh\\necho; echo $REMOTE_ADDR' > /w/cgi-bin/who && chmod +x /w/cgi-bin/who && httpd -p 81 -h /w && exec httpd -f -p 80 -h /w"];
async function serve(name: string, ...flags: string[]): Promise<void> {
  await engine.ok("run", "-d", "--name", name, ...flags, BUSYBOX, ...SERVER);
  await engine.ok("exec", name, "sh", "-c", "until wget -qO- http://127.0.0.1:80/cgi-bin/who >/dev/null && wget -qO- http://127.0.0.1:81/cgi-bin/who >/dev/null; do :; done");
}
/** Whom the container sees, or "" when nobody answers. */
const who = async (from: Host, to: string, port: number): Promise<string> => (await from.get(to, port, "/cgi-bin/who")).replace(/^\[?(?:::ffff:)?([0-9a-f.:]+?)\]?$/, "$1");
const inContainer = async (name: string, ...command: string[]): Promise<string[]> => ["nsenter", `--net=/proc/${await engine.ok("inspect", "-f", "{{.State.Pid}}", name)}/ns/net`, "--", ...command];
const pings = async (from: Host, to: string): Promise<boolean> => (await from.run("ping", "-c", "1", "-W", "4", to)).code === 0;

describe("a host that has a route to the containers", () => {
  beforeAll(async () => {
    for (const host of [lan.client, lan.second]) for (const subnet of [FOUR, SIX]) await host.routeTo(subnet);
  });

  test("reaches nothing of theirs at their own addresses, and through the engine's host what is published", async () => {
    await createDual();
    await serve("web", "--network", "dual", "-p", "8080:80", "-p", "127.0.0.1:8081:81", "-p", "[::1]:8082:81");
    const [four, six] = [await address("web", "dual", "IPAddress"), await address("web", "dual", "GlobalIPv6Address")];
    expect(await Promise.all([lan.client, lan.second].flatMap((host) => [who(host, ENGINE_IP, 8080), who(host, ENGINE_IP6, 8080)]))).toEqual([lan.client.ip, lan.client.ip6, lan.second.ip, lan.second.ip6]);
    const closed = [[four, 80], [four, 81], [six, 80], [six, 81], [ENGINE_IP, 8081], [ENGINE_IP6, 8082]] as const;
    expect(await Promise.all([lan.client, lan.second].flatMap((host) => closed.map(([to, port]) => who(host, to, port))))).toEqual(closed.flatMap(() => ["", ""]));
    expect(await Promise.all([pings(lan.client, four), pings(lan.second, six)])).toEqual([false, false]);
  });

  test("reaches every port of a family that is unprotected", async () => {
    await createDual(...mode("nat-unprotected", "nat"));
    await serve("web", "--network", "dual");
    const [four, six] = [await address("web", "dual", "IPAddress"), await address("web", "dual", "GlobalIPv6Address")];
    expect(await Promise.all([who(lan.client, four, 80), who(lan.second, four, 81), who(lan.client, six, 80)])).toEqual([lan.client.ip, lan.second.ip, ""]);
  });

  test("reaches the published ports of routed networks, which take none of the host's and leave under their own addresses", async () => {
    await createDual(...mode("routed", "routed"));
    await serve("web", "--network", "dual", "-p", "8080:80");
    const [four, six] = [await address("web", "dual", "IPAddress"), await address("web", "dual", "GlobalIPv6Address")];
    expect(await Promise.all([who(lan.client, four, 80), who(lan.second, six, 80), pings(lan.client, four), pings(lan.second, six)])).toEqual([lan.client.ip, lan.second.ip6, true, true]);
    expect(await Promise.all([who(lan.client, four, 81), who(lan.second, six, 81), who(lan.client, ENGINE_IP, 8080), who(lan.client, ENGINE_IP6, 8080)])).toEqual(["", "", "", ""]);
    expect(await engine.ok("port", "web")).toBe("80/tcp -> 0.0.0.0:\n80/tcp -> [::]:");
    expect(await engine.ok("network", "explain", "web", "80")).toContain(`every host that has a route to the container: ${four}:80, its own address\n    the kernel leads it by inet hako reachable { ${four} . tcp . 80 }`);
    using server = lan.client.live("python3", "-c", "import socket\ns = socket.create_server(('', 7000)); print('ready', flush=True)\nprint('from', s.accept()[1][0], flush=True)");
    await server.until("ready");
    await engine.ok("exec", "web", "nc", "-w", "2", lan.client.ip, "7000");
    await server.until(`from ${four}`);
    // What is published is so in the kernel, and goes with the container.
    await engine.restart();
    expect(await who(lan.client, four, 80)).toBe(lan.client.ip);
    await engine.ok("rm", "-f", "web");
    expect((await engine.inNetwork("nft", "list", "set", "inet", "hako", "reachable")).stdout).not.toContain("elements");
  });

  test("reaches published ports at the container's address over a trusted interface alone", async () => {
    await createDual("-o", `com.docker.network.bridge.trusted_host_interfaces=${UPLINK}:eth9`);
    await engine.ok("network", "create", "--subnet", "10.72.0.0/24", "-o", "com.docker.network.bridge.trusted_host_interfaces=eth9", "other");
    await lan.client.routeTo("10.72.0.0/24");
    await serve("web", "--network", "dual", "-p", "8080:80", "-p", "8083:80");
    await serve("far", "--network", "other", "-p", "8084:80");
    const [four, six] = [await address("web", "dual", "IPAddress"), await address("web", "dual", "GlobalIPv6Address")];
    expect(await Promise.all([who(lan.client, four, 80), who(lan.client, six, 80), who(lan.client, ENGINE_IP, 8080)])).toEqual([lan.client.ip, lan.client.ip6, lan.client.ip]);
    expect(await Promise.all([who(lan.client, four, 81), who(lan.client, await address("far", "other", "IPAddress"), 80)])).toEqual(["", ""]);
    // One of two ways to the same port goes: the other is left, and so is the container's own.
    await engine.ok("update", "--publish-rm", "8083:80", "web");
    expect(await Promise.all([who(lan.client, four, 80), who(lan.client, ENGINE_IP, 8083)])).toEqual([lan.client.ip, ""]);
  });
});

describe("a network without a way out", () => {
  const ask = (container: string, name: string): Promise<string> => engine.hako("exec", container, "nslookup", "-type=a", name).then(({ stdout, stderr }) => /Address: ([\d.]+)$|NXDOMAIN|SERVFAIL/m.exec(stdout + stderr)?.slice(0, 2).reverse().find(Boolean) ?? "");

  test("asks no name server outside, whatever it is given", async () => {
    using server = lan.client.live(process.execPath, join(import.meta.dir, "../dns/upstream.ts"), "--log");
    await server.until("ready");
    await engine.ok("network", "create", "out");
    await engine.ok("network", "create", "--internal", "in");
    await engine.ok("network", "create", "--internal", ...mode("isolated", "nat").slice(0, 2), "apart");
    for (const network of ["out", "in", "apart"]) await engine.ok("run", "-d", "--name", `on-${network}`, "--network", network, "--dns", lan.client.ip, BUSYBOX, "sleep", "1000");
    expect(await Promise.all(["out", "in", "apart"].map((network) => ask(`on-${network}`, `${network}.example`)))).toEqual(["203.0.113.7", "SERVFAIL", "SERVFAIL"]);
    // A question past the resolver has no way either.
    for (const network of ["in", "apart"]) expect((await engine.hako("exec", `on-${network}`, "nslookup", `direct-${network}.example`, lan.client.ip)).code).not.toBe(0);
    expect(server.output).toContain("out.example");
    expect(server.output).not.toMatch(/\b(?:direct-)?(?:in|apart)\.example/);
  }, 120_000);

  test("in mode isolated is out of the host's reach too, and finds names", async () => {
    await engine.ok("network", "create", "--internal", "--subnet", "10.73.0.0/24", ...mode("isolated", "isolated"), "apart");
    for (const name of ["one", "two"]) await engine.ok("run", "-d", "--name", name, "--network", "apart", "--cap-add", "NET_ADMIN", BUSYBOX, "sleep", "1000");
    expect(await engine.ok("network", "inspect", "-f", "{{json .IPAM.Config}}", "apart")).toBe('[{"Subnet":"10.73.0.0/24"}]');
    expect([await address("one", "apart", "IPAddress"), await address("one", "apart", "Gateway")]).toEqual(["10.73.0.1", ""]);
    expect(await ask("one", "two")).toBe("10.73.0.2");
    expect((await engine.hako("exec", "one", "ping", "-c", "1", "-W", "2", "two")).code).toBe(0);
    const [, hidden = ""] = /inet (169\.254[\d.]+)\/32/.exec((await engine.inNetwork("ip", "-4", "addr")).stdout) ?? [];
    expect(hidden).not.toBe("");
    using server = Live.spawn(["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", "python3", "-c", "import socket; s = socket.create_server(('', 7001)); print('ready', flush=True); s.accept(); print('reached', flush=True)"]);
    await server.until("ready");
    // With routes of its own.
    for (const target of [hidden, ENGINE_IP]) {
      await engine.ok("exec", "one", "sh", "-c", `ip route add ${target}/32 dev eth0 && ip route replace default dev eth0`);
      expect((await engine.hako("exec", "one", "nc", "-w", "1", target, "7001")).code).not.toBe(0);
      expect((await engine.hako("exec", "one", "ping", "-c", "1", "-W", "1", target)).code).not.toBe(0);
    }
    expect(server.output).not.toContain("reached");
    await engine.restart();
    expect(await ask("two", "one")).toBe("10.73.0.1");
  });
});

/** Sends one frame from an interface: ARP or neighbour and router advertisements in another's name. */
const LIAR = `import socket, struct, sys
kind, target, mac = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3].replace(":", ""))
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); out.bind(("eth0", 0))
own6 = b"\\xfe\\x80" + bytes(6) + bytes([mac[0] ^ 2]) + mac[1:3] + b"\\xff\\xfe" + mac[3:]
def icmp6(body, to):
    total = sum(struct.unpack("!%dH" % ((len(own6) + len(to) + 8 + len(body)) // 2), own6 + to + struct.pack("!II", len(body), 58) + body))
    while total > 0xffff: total = (total & 0xffff) + (total >> 16)
    body = body[:2] + struct.pack("!H", ~total & 0xffff) + body[4:]
    return b"\\x33\\x33\\x00\\x00\\x00\\x01" + mac + b"\\x86\\xdd" + struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + own6 + to + body
every = socket.inet_pton(socket.AF_INET6, "ff02::1")
if kind == "arp":
    ip = socket.inet_aton(target)
    out.send(b"\\xff" * 6 + mac + b"\\x08\\x06" + struct.pack("!HHBBH", 1, 0x800, 6, 4, 2) + mac + ip + b"\\xff" * 6 + ip)
if kind == "na": out.send(icmp6(struct.pack("!BBHI", 136, 0, 0, 0x20000000) + socket.inet_pton(socket.AF_INET6, target) + b"\\x02\\x01" + mac, every))
if kind == "ra": out.send(icmp6(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + b"\\x01\\x01" + mac, every))`;

test("nobody speaks in a neighbour's or the gateway's name: ARP, neighbour and router advertisements", async () => {
  await createDual();
  for (const name of ["victim", "peer", "liar"]) await engine.ok("run", "-d", "--name", name, "--network", "dual", "--sysctl", "net.ipv6.conf.all.accept_ra=1", "--cap-add", "NET_ADMIN", BUSYBOX, "sleep", "1000");
  const facts = { four: await address("victim", "dual", "IPAddress"), six: await address("victim", "dual", "GlobalIPv6Address"), mac: await address("victim", "dual", "MacAddress"), liar: await address("liar", "dual", "MacAddress"), own: await address("liar", "dual", "GlobalIPv6Address") };
  // The peer knows all of them before.
  for (const to of [facts.four, facts.six, facts.own, "10.71.0.1", "fd00:71::1"]) expect((await engine.hako("exec", "peer", "ping", "-c", "1", "-W", "2", to)).code).toBe(0);
  const neighbours = async (): Promise<string> => (await run(await inContainer("peer", "ip", "neigh"))).stdout;
  const lie = async (kind: string, target: string): Promise<unknown> => run(await inContainer("liar", "python3", "-c", LIAR, kind, target, facts.liar));
  for (const [kind, target] of [["arp", facts.four], ["arp", "10.71.0.1"], ["na", facts.six], ["na", "fd00:71::1"], ["ra", "::"]] as const) await lie(kind, target);
  // What it says of itself comes through, and so did all that was sent before it.
  await lie("na", facts.own);
  expect((await engine.hako("exec", "peer", "ping", "-c", "1", "-W", "2", facts.own)).code).toBe(0);
  const after = await neighbours();
  // Of its link's own address the kernels may talk at any time.
  expect(after.split("\n").filter((line) => line.includes(facts.liar) && !line.startsWith("fe80:")).map((line) => line.split(" ")[0])).toEqual([facts.own]);
  for (const known of [facts.four, facts.six]) expect(after).toMatch(new RegExp(`^${known.replaceAll(".", "\\.")} .*${facts.mac}`, "m"));
  expect((await run(await inContainer("peer", "ip", "-6", "route"))).stdout).not.toContain("proto ra");
  expect((await engine.inNetwork("sysctl", "-n", "net.ipv6.conf.hakot0.accept_ra")).stdout.trim()).toBe("0");
});

test("UDP reaches a container without IPv6 over IPv6, and over ::1", async () => {
  await engine.ok("run", "-d", "--name", "echo", "-p", "5300:53/udp", BUSYBOX, "sleep", "1000");
  using server = Live.spawn(await inContainer("echo", "python3", "-c", "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 53)); print('ready', flush=True)\nwhile True:\n  data, peer = s.recvfrom(70000); s.sendto(data.upper(), peer)"));
  await server.until("ready");
  const asker = (to: string): string[] => ["python3", "-c", "import socket, sys\nfor turn in range(3):\n  s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); s.connect((sys.argv[1], 5300))\n  for size in (1, 1400, 40000): s.send(b'x' * size); assert s.recv(70000) == b'X' * size\nprint('all')", to];
  expect(await Promise.all([ENGINE_IP, ENGINE_IP6].map((to) => lan.client.ok(...asker(to))))).toEqual(["all\n", "all\n"]);
  for (const to of ["127.0.0.1", "::1"]) expect(await engine.inNetwork(...asker(to))).toMatchObject({ code: 0, stdout: "all\n" });
  expect(await engine.ok("port", "echo")).toBe("53/udp -> 0.0.0.0:5300\n53/udp -> [::]:5300");
});

test("macvlan without an interface of the host: its containers reach one another, and nobody else", async () => {
  await engine.ok("network", "create", "-d", "macvlan", "--internal", "--subnet", "10.74.0.0/24", "mac");
  for (const name of ["one", "two"]) await engine.ok("run", "-d", "--name", name, "--network", "mac", BUSYBOX, "sleep", "1000");
  expect((await engine.hako("exec", "one", "ping", "-c", "1", "-W", "2", await address("two", "mac", "IPAddress"))).code).toBe(0);
  expect((await engine.hako("exec", "one", "ping", "-c", "1", "-W", "1", ENGINE_IP)).code).not.toBe(0);
  expect((await engine.inNetwork("ip", "-br", "link")).stdout).toContain("dm-");
  await engine.clear();
  await engine.ok("network", "rm", "mac");
  expect((await engine.inNetwork("ip", "-br", "link")).stdout).not.toContain("dm-");
});

test.each(["l2", "l3", "l3s"])("ipvlan %s: works where the kernel has it, else is refused in words", async (kind) => {
  const created = await engine.hako("network", "create", "-d", "ipvlan", "-o", `parent=${UPLINK}`, "-o", `ipvlan_mode=${kind}`, "--subnet", "198.51.100.0/24", "--gateway", lan.client.ip, "--ip-range", "198.51.100.64/27", "ip");
  if (created.code !== 0) {
    expect(created.stderr).toContain("this kernel has no ipvlan: operation not supported");
    expect(await engine.ok("network", "ls", "-q", "--filter", "driver=ipvlan")).toBe("");
    return;
  }
  for (const name of ["one", "two"]) await engine.ok("run", "-d", "--name", name, "--network", "ip", BUSYBOX, "sleep", "1000");
  expect((await engine.hako("exec", "one", "ping", "-c", "1", "-W", "2", await address("two", "ip", "IPAddress"))).code).toBe(0);
  // Of l3 nobody else on the link knows where the containers are: no ARP.
  expect((await engine.hako("exec", "one", "ping", "-c", "1", "-W", "2", lan.client.ip)).code === 0).toBe(kind === "l2");
});

test("sctp ports are published where the kernel has sctp, else refused in Docker's words", async () => {
  const started = await engine.hako("run", "-d", "-p", "8090:80/sctp", BUSYBOX, "sleep", "1000");
  if (started.code !== 0) expect(started.stderr).toContain("failed to listen on 0.0.0.0:8090: protocol not supported");
  else expect(await engine.ok("port", started.stdout.trim())).toBe("80/sctp -> 0.0.0.0:8090");
});
