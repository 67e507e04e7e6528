/** A gateway that the engine runs on, a client behind it, and a second host on the client's link. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { BUSYBOX, Live, run, startEngine, type Result, type TestEngine } from "../harness.ts";

const ENGINE_IP = "198.51.100.1";
const CLIENT_IP = "198.51.100.2";
const ENGINE_IP6 = "2001:db8:51::1";
const SECOND_ENGINE_IP = "198.51.100.9";

setDefaultTimeout(120_000);

let engine: TestEngine;
let client: Live;

beforeAll(async () => {
  engine = await startEngine();
  client = Live.spawn(["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"]);
  await client.until("ready");
  await engine.inNetwork("ip", "link", "add", "outer", "type", "veth", "peer", "name", "inner", "netns", String(client.pid));
  for (const address of [`${ENGINE_IP}/24`, `${SECOND_ENGINE_IP}/24`, `${ENGINE_IP6}/64`]) await engine.inNetwork("ip", "addr", "add", address, "dev", "outer", ...(address.includes(":") ? ["nodad"] : []));
  await engine.inNetwork("ip", "link", "set", "outer", "up");
  await inClient("ip", "addr", "add", `${CLIENT_IP}/24`, "dev", "inner");
  await inClient("ip", "addr", "add", "2001:db8:51::2/64", "dev", "inner", "nodad");
  await inClient("ip", "link", "set", "inner", "up");
});
afterAll(async () => {
  client[Symbol.dispose]();
  await engine[Symbol.asyncDispose]();
});

afterEach(async () => {
  await engine.clear();
});

const inClient = (...command: string[]): Promise<Result> => run(["nsenter", `--net=/proc/${client.pid}/ns/net`, "--", ...command]);
const get = (from: "client" | "engine", address: string, port: number | string): Promise<Result> => (from === "client" ? inClient : (...c: string[]) => engine.inNetwork(...c))("curl", "-s", "-m", "3", `http://${address.includes(":") ? `[${address}]` : address}:${port}/`);

/** Answers with the address that its client has. */
const SERVER = ["sh", "-c", "mkdir -p /w/cgi-bin && printf '#!/bin/sh\\necho; echo $REMOTE_ADDR' > /w/cgi-bin/who && chmod +x /w/cgi-bin/who && exec httpd -f -p 80 -h /w"];
const who = async (from: "client" | "engine", address: string, port: number | string): Promise<string> => {
  const ask = from === "client" ? inClient : (...command: string[]) => engine.inNetwork(...command);
  const result = await ask("curl", "-s", "-m", "5", "--retry", "20", "--retry-connrefused", "--retry-delay", "0", `http://${address.includes(":") ? `[${address}]` : address}:${port}/cgi-bin/who`);
  return result.stdout.trim().replace(/^\[?(?:::ffff:)?([0-9a-f.:]+?)\]?(?: .*)?$/, "$1");
};
const serve = (...flags: string[]): Promise<string> => engine.ok("run", "-d", ...flags, BUSYBOX, ...SERVER);
const elements = async (): Promise<string[]> => ((await engine.inNetwork("nft", "list", "table", "inet", "hako")).stdout.match(/(tcp|udp) \. \d+ : \S+ \. \d+/g) ?? []).sort();

test("a published port is reached from other hosts, which the container sees, and from the host itself", async () => {
  const id = await serve("-p", "8080:80");
  expect(await who("client", ENGINE_IP, 8080)).toBe(CLIENT_IP);
  expect(await who("engine", "127.0.0.1", 8080)).toBe(await engine.ok("inspect", "-f", "{{.NetworkSettings.Gateway}}", id));
  expect(await who("engine", ENGINE_IP, 8080)).toBe(ENGINE_IP);
  expect(await who("engine", "::1", 8080)).not.toBe("");
  expect(await who("client", ENGINE_IP6, 8080)).not.toBe("");
  expect(await engine.ok("port", id)).toBe("80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080");
  expect(await engine.ok("ps", "--format", "{{.Ports}}")).toBe("0.0.0.0:8080->80/tcp, [::]:8080->80/tcp");
  await engine.ok("rm", "-f", id);
  expect((await get("client", ENGINE_IP, 8080)).code).toBe(7);
  expect(await elements()).toEqual([]);
});

test("containers reach a published port through the host's address, the container itself too", async () => {
  const id = await serve("-p", "8081:80", "--name", "hairpin");
  expect(await who("client", ENGINE_IP, 8081)).toBe(CLIENT_IP);
  const ask = ["sh", "-c", `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${ENGINE_IP} 8081 | tail -n 1`];
  expect(await engine.ok("run", "--rm", BUSYBOX, ...ask)).toMatch(/\d/);
  expect(await engine.ok("exec", id, ...ask)).toMatch(/\d/);
  await engine.ok("rm", "-f", id);
});

test("a port on one address is on no other, and one on 127.0.0.1 cannot be reached over the link", async () => {
  const id = await serve("-p", `${SECOND_ENGINE_IP}:8082:80`, "-p", "127.0.0.1:8083:80");
  expect(await who("client", SECOND_ENGINE_IP, 8082)).toBe(CLIENT_IP);
  expect((await get("client", ENGINE_IP, 8082)).code).toBe(7);
  expect((await get("engine", "127.0.0.1", 8082)).code).toBe(7);
  expect(await who("engine", "127.0.0.1", 8083)).not.toBe("");
  expect((await get("client", ENGINE_IP, 8083)).code).toBe(7);
  // A neighbour that sends packets for 127.0.0.1 to the engine's host.
  await inClient("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1");
  await inClient("ip", "addr", "del", "127.0.0.1/8", "dev", "lo");
  await inClient("ip", "route", "add", "127.0.0.1/32", "via", ENGINE_IP, "src", CLIENT_IP);
  expect((await get("client", "127.0.0.1", 8083)).code).toBe(28);
  await inClient("ip", "route", "del", "127.0.0.1/32");
  await inClient("ip", "addr", "add", "127.0.0.1/8", "dev", "lo");
  await engine.ok("rm", "-f", id);
}, 120_000);

test("what is not published is not reached by a host that routes to the containers", async () => {
  const id = await serve("-p", "8084:80");
  const address = await engine.ok("inspect", "-f", "{{.NetworkSettings.IPAddress}}", id);
  await inClient("ip", "route", "add", `${address}/32`, "via", ENGINE_IP);
  expect((await get("client", address, 80)).code).toBe(28);
  expect(await who("client", ENGINE_IP, 8084)).toBe(CLIENT_IP);
  await inClient("ip", "route", "del", `${address}/32`);
  await engine.ok("rm", "-f", id);
}, 120_000);

test("a port that is taken is refused in Docker's words", async () => {
  const id = await engine.ok("run", "-d", "-p", "8085:80", BUSYBOX, "sleep", "1000");
  const second = await engine.hako("run", "-d", "--name", "second", "-p", "127.0.0.1:8085:81", BUSYBOX, "true");
  expect(second.code).toBe(125);
  expect(second.stderr).toMatch(/failed to set up container networking: driver failed programming external connectivity on endpoint second \([0-9a-f]{64}\): Bind for 0\.0\.0\.0:8085 failed: port is already allocated/);
  expect(await engine.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}} {{json .NetworkSettings.Ports}}", "second")).toBe("created 128 {}");
  using server = Live.spawn(["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", "python3", "-c", "import socket; s = socket.create_server(('', 8086)); print('ready', flush=True); input()"]);
  await server.until("ready");
  const third = await engine.hako("run", "-d", "--name", "third", "-p", "8086:80", BUSYBOX, "true");
  expect(third.stderr).toMatch(/on endpoint third \([0-9a-f]{64}\): failed to bind host port for 0\.0\.0\.0:8086:[0-9.]+:80\/tcp: address already in use/);
  const absent = await engine.hako("run", "-d", "--name", "absent", "-p", "203.0.113.7:8086:80", BUSYBOX, "true");
  expect(absent.stderr).toMatch(/failed to bind host port for 203\.0\.113\.7:8086:[0-9.]+:80\/tcp: cannot assign requested address/);
  // And the other way round: no program of the host takes a container's port.
  const taker = await engine.inNetwork("python3", "-c", "import socket; socket.create_server(('', 8085))");
  expect(taker.stderr).toContain("Address already in use");
  await engine.ok("rm", "-f", id, "second", "third", "absent");
});

test("ports of any number and of a range are free ones, and a restart of the engine keeps them", async () => {
  const id = await serve("-p", "80", "-p", "127.0.0.1:8090-8092:81", "-P", "--expose", "99/udp");
  const before = await engine.ok("port", id);
  const lines = before.split("\n");
  const random = Number(/80\/tcp -> 0\.0\.0\.0:(\d+)/.exec(before)?.[1]);
  expect(random).toBeGreaterThanOrEqual(32_768);
  expect(lines).toContain(`80/tcp -> [::]:${random}`);
  expect(before).toMatch(/81\/tcp -> 127\.0\.0\.1:809[0-2]/);
  expect(before).toMatch(/99\/udp -> 0\.0\.0\.0:\d+/);
  expect(await who("client", ENGINE_IP, random)).toBe(CLIENT_IP);
  await engine.kill9();
  expect(await who("client", ENGINE_IP, random)).toBe(CLIENT_IP);
  await engine.start();
  expect(await engine.ok("port", id)).toBe(before);
  expect(await who("client", ENGINE_IP, random)).toBe(CLIENT_IP);
  expect((await engine.inNetwork("python3", "-c", `import socket; socket.create_server(('', ${random}))`)).stderr).toContain("Address already in use");
  expect(await engine.ok("inspect", "-f", "{{json .HostConfig.PortBindings}}", id)).toBe('{"80/tcp":[{"HostIp":"","HostPort":""}],"81/tcp":[{"HostIp":"127.0.0.1","HostPort":"8090-8092"}]}');
  await engine.ok("rm", "-f", id);
  expect(await elements()).toEqual([]);
});

const udpServer = async (name: string): Promise<Live> => {
  const pid = await engine.ok("inspect", "-f", "{{.State.Pid}}", name);
  const program = `import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 53)); print('ready', flush=True)\nwhile True: s.sendto(b'${name} ' + s.recvfrom(100)[1][0].encode(), s.recvfrom(100)[1])`;
  const server = Live.spawn(["nsenter", `--net=/proc/${pid}/ns/net`, "--", "python3", "-c", program]);
  await server.until("ready");
  return server;
};

test("UDP follows the container that has the port now, for a client that never pauses", async () => {
  const program = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 4444)); s.settimeout(0.1)\nwhile True:\n  s.sendto(b'x', ('198.51.100.1', 5353))\n  try: print(s.recv(100).decode(), flush=True)\n  except (socket.timeout, ConnectionRefusedError): pass";
  using asking = Live.spawn(["nsenter", `--net=/proc/${client.pid}/ns/net`, "--", "python3", "-c", program]);
  for (const name of ["first", "second"]) {
    await engine.ok("run", "-d", "--name", name, "-p", "5353:53/udp", BUSYBOX, "sleep", "1000");
    using _server = await udpServer(name);
    await asking.until(`${name} ${CLIENT_IP}`);
    await engine.ok("rm", "-f", name);
  }
}, 120_000);

test("a crash and an end without the engine leave no element", async () => {
  const [first, second] = [await engine.ok("run", "-d", "-p", "8100:80", BUSYBOX, "sleep", "1000"), await engine.ok("run", "-d", "-p", "8101:80", BUSYBOX, "sleep", "1000")];
  const pid = Number(await engine.ok("inspect", "-f", "{{.State.Pid}}", first));
  await engine.kill9();
  process.kill(pid, "SIGKILL");
  await engine.ended(first);
  expect((await elements()).length).toBe(2);
  await engine.start();
  expect(await elements()).toEqual([expect.stringContaining("tcp . 8101")]);
  await engine.ok("rm", "-f", first, second);
  expect(await elements()).toEqual([]);
});

test("ports of a running container are published and taken back, and stay so for its next start", async () => {
  const id = await serve("-p", "8110:80");
  await engine.ok("update", "-p", "8111:80", "--publish-add", "127.0.0.1:8112:80", "--publish-rm", "8110:80", id);
  expect(await who("client", ENGINE_IP, 8111)).toBe(CLIENT_IP);
  expect(await who("engine", "127.0.0.1", 8112)).not.toBe("");
  expect(await engine.ok("exec", id, "sh", "-c", `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${ENGINE_IP} 8111 | tail -n 1`)).toMatch(/\d/);
  expect((await get("client", ENGINE_IP, 8110)).code).toBe(7);
  const ports = "80/tcp -> 0.0.0.0:8111\n80/tcp -> 127.0.0.1:8112\n80/tcp -> [::]:8111";
  expect((await engine.ok("port", id)).split("\n").sort().join("\n")).toBe(ports);
  await engine.ok("restart", "-t", "0", id);
  expect((await engine.ok("port", id)).split("\n").sort().join("\n")).toBe(ports);
  expect(await who("client", ENGINE_IP, 8111)).toBe(CLIENT_IP);
  expect(await engine.hako("update", "--publish-rm", "99", id)).toMatchObject({ code: 1, stderr: expect.stringContaining("No public port '99/tcp' published for") });
  const other = await engine.ok("run", "-d", "-p", "8113:80", BUSYBOX, "sleep", "1000");
  expect((await engine.hako("update", "-p", "8114:81", "-p", "8113:82", id)).stderr).toContain("Bind for 0.0.0.0:8113 failed: port is already allocated");
  expect((await engine.ok("port", id)).split("\n").sort().join("\n")).toBe(ports);
  await engine.ok("rm", "-f", other);
  await engine.ok("update", "--publish-rm", "80", id);
  expect(await engine.ok("port", id)).toBe("");
  expect(await elements()).toEqual([]);
}, 120_000);

test("networks of users: IPv6 of one's own without a relay, internal ones are not published, and ports follow the default route", async () => {
  await engine.ok("network", "create", "--ipv6", "--subnet", "10.77.0.0/24", "--subnet", "fd00:77::/64", "dual");
  await engine.ok("network", "create", "--internal", "inside");
  const id = await serve("-p", "8120:80", "--network", "dual");
  expect(await who("client", ENGINE_IP, 8120)).toBe(CLIENT_IP);
  // The kernel leads it: the container sees the client.
  expect(await who("client", ENGINE_IP6, 8120)).toBe("2001:db8:51::2");
  expect(await who("engine", "::1", 8120)).not.toBe("");
  await engine.ok("network", "connect", "bridge", id);
  await engine.ok("network", "disconnect", "dual", id);
  expect(await who("client", ENGINE_IP, 8120)).toBe(CLIENT_IP);
  await engine.ok("network", "disconnect", "bridge", id);
  expect((await get("client", ENGINE_IP, 8120)).code).toBe(7);
  await engine.ok("network", "connect", "dual", id);
  expect(await who("client", ENGINE_IP, 8120)).toBe(CLIENT_IP);
  const hidden = await serve("-p", "8121:80", "--network", "inside");
  expect(await engine.ok("port", hidden)).toBe("");
  expect((await get("client", ENGINE_IP, 8121)).code).toBe(7);
  await engine.clear();
  await engine.ok("network", "rm", "dual", "inside");
}, 120_000);

test("network explain says who reaches a port, through what, and why others do not, in two languages", async () => {
  const id = await serve("-p", "8130:80", "-p", "127.0.0.1:8131:81", "--name", "shown");
  expect(await who("client", ENGINE_IP, 8130)).toBe(CLIENT_IP);
  const address = await engine.ok("inspect", "-f", "{{.NetworkSettings.IPAddress}}", id);
  const text = await engine.ok("network", "explain", "--lang", "en", "shown");
  expect(text).toContain(`every host that reaches this one: 0.0.0.0:8130 → ${address}:80`);
  expect(text).toContain(`inet hako publish4any { tcp . 8130 : ${address} . 80 }`);
  expect(text).toContain("programs of this host, and nobody else: 127.0.0.1:8131");
  expect(text).toContain("no program in the container listens there");
  const hidden = await engine.ok("network", "explain", "--lang", "en", "shown", "5000");
  expect(hidden).toContain("not published (chain inet forward: oifname @bridges drop). Publish it: hako update -p 5000:5000/tcp shown");
  // What it names is what the kernel has.
  const table = (await engine.inNetwork("nft", "list", "table", "inet", "hako")).stdout;
  for (const rule of ["iifname . oifname @within accept", "oifname @bridges drop", `tcp . 8130 : ${address} . 80`]) expect(table).toContain(rule);
  expect(await engine.ok("network", "explain", "--lang", "ja", "shown", "80")).toContain("このホストに届くすべてのホスト");
  expect(JSON.parse(await engine.ok("network", "explain", "--format", "json", "shown", "80"))).toMatchObject([{ Ports: [{ Port: "80/tcp", Listens: "everywhere", Ways: [{ By: "kernel", HostPort: 8130 }, { By: "engine" }] }] }]);
  expect((await engine.hako("network", "explain", "shown", "http")).stderr).toContain('invalid port specification: "http"');
  await engine.ok("stop", "-t", "0", id);
  expect(await engine.ok("network", "explain", "--lang", "en", "shown")).toBe("It does not run: nobody reaches it.");
});

test("crashes among starts and ends leave no element, no row and no port behind", async () => {
  for (let round = 0; round < 4; round++) {
    const starts = Array.from({ length: 4 }, (_, at) => engine.hako("run", "-d", "--name", `churn-${round}-${at}`, "-p", `${8200 + at}:80`, "-p", "81", BUSYBOX, "sleep", at % 2 === 0 ? "0" : "1000"));
    await Bun.sleep(Math.random() * 120);
    await engine.kill9();
    await Promise.all(starts);
    await engine.start();
    await engine.clear();
    expect(await elements()).toEqual([]);
  }
  const id = await engine.ok("run", "-d", ...Array.from({ length: 4 }, (_, at) => ["-p", `${8200 + at}:80`]).flat(), BUSYBOX, "sleep", "1000");
  await engine.ok("rm", "-f", id);
  const listening = await engine.inNetwork("ss", "-Hltn");
  expect(listening.stdout.split("\n").filter((line) => /:82\d\d\b/.test(line))).toEqual([]);
}, 120_000);

test("without a firewall of the engine's the engine passes bytes on itself", async () => {
  await using plain = await startEngine({ flags: ["--iptables=false"] });
  await plain.ok("run", "-d", "-p", "8300:80", BUSYBOX, ...SERVER);
  const asked = await plain.inNetwork("curl", "-s", "-m", "5", "--retry", "20", "--retry-all-errors", "--retry-delay", "0", "http://127.0.0.1:8300/cgi-bin/who");
  expect(asked.stdout.trim()).not.toBe("");
  expect((await plain.inNetwork("nft", "list", "ruleset")).stdout).toBe("");
}, 120_000);
