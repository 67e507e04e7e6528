/** Networks that users make: who reaches whom, what is shown, and what a crash leaves. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { Live } from "../processes.ts";

setDefaultTimeout(120_000);

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine.clear();
  await engine.ok("network", "prune", "-f");
  await engine[Symbol.asyncDispose]();
});

const ok = (...args: string[]): Promise<string> => engine.ok(...args);
const start = (name: string, ...args: string[]): Promise<string> => ok("run", "-d", "--name", name, "--cap-add", "NET_ADMIN", ...args, BUSYBOX, "sleep", "1000");
const shown = (container: string, network: string, field: string): Promise<string> => ok("inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").${field}}}`, container);
const pings = async (from: string, address: string): Promise<boolean> => (await engine.hako("exec", from, "ping", "-c", "1", "-W", "4", address)).code === 0;
const refusal = async (...args: string[]): Promise<string> => (await engine.hako(...args)).stderr.trim().split("\n")[0] ?? "";
const removeAll = async (containers: readonly string[], ...networks: string[]): Promise<void> => {
  if (containers.length > 0) await ok("rm", "-f", ...containers);
  if (networks.length > 0) await ok("network", "rm", ...networks);
};

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  for (const deadline = Date.now() + 20_000; !(await holds()); await Bun.sleep(20)) if (Date.now() > deadline) throw new Error("it has not come to it");
};

describe("reaching one another", () => {
  test("containers of one network do, those of two do not, nor by the other's gateway", async () => {
    await ok("network", "create", "red");
    await ok("network", "create", "blue");
    await Promise.all([start("r1", "--network", "red"), start("r2", "--network", "red"), start("b1", "--network", "blue"), start("d1")]);
    const [r2, b1, d1] = [await shown("r2", "red", "IPAddress"), await shown("b1", "blue", "IPAddress"), await shown("d1", "bridge", "IPAddress")];
    expect(await Promise.all([pings("r1", r2), pings("r1", b1), pings("r1", d1), pings("b1", r2), pings("d1", b1)])).toEqual([true, false, false, false, false]);
    await removeAll(["r1", "r2", "b1", "d1"], "red", "blue");
  });

  test("a container on two networks reaches both, and its default route is of the higher priority", async () => {
    await ok("network", "create", "--subnet", "10.61.0.0/24", "red");
    await ok("network", "create", "--subnet", "10.62.0.0/24", "blue");
    await start("both", "--network", "red", "--network", "name=blue,gw-priority=5,ip=10.62.0.40");
    await Promise.all([start("r1", "--network", "red"), start("b1", "--network", "blue")]);
    expect(await Promise.all([pings("r1", await shown("both", "red", "IPAddress")), pings("b1", "10.62.0.40")])).toEqual([true, true]);
    expect(await ok("exec", "both", "ip", "route")).toContain("default via 10.62.0.1 dev eth0");
    expect(await ok("exec", "both", "ip", "-o", "-4", "addr")).toMatch(/eth1\s+inet 10\.61\.0\./);
    await removeAll(["both", "r1", "b1"], "red", "blue");
  });

  test("IPv6 on a dual-stack network", async () => {
    await ok("network", "create", "--ipv6", "--subnet", "fd00:61::/64", "--subnet", "10.61.0.0/24", "six");
    await start("s1", "--network", "six", "--ip6", "fd00:61::77");
    await start("s2", "--network", "six");
    expect(await shown("s1", "six", "GlobalIPv6Address")).toBe("fd00:61::77");
    expect(await ok("exec", "s2", "ping", "-6", "-c", "1", "-W", "2", "fd00:61::77")).toContain("1 packets received");
    expect(await ok("exec", "s2", "ping", "-6", "-c", "1", "-W", "2", "fd00:61::1")).toContain("1 packets received");
    expect(await ok("exec", "s1", "cat", "/etc/hosts")).toContain("fd00:61::77\t");
    await removeAll(["s1", "s2"], "six");
  });

  test("without enable_icc neighbours do not reach each other, but their gateway", async () => {
    await ok("network", "create", "-o", "com.docker.network.bridge.enable_icc=false", "--subnet", "10.61.0.0/24", "apart");
    await Promise.all([start("a1", "--network", "apart"), start("a2", "--network", "apart")]);
    expect([await pings("a1", await shown("a2", "apart", "IPAddress")), await pings("a1", "10.61.0.1")]).toEqual([false, true]);
    await removeAll(["a1", "a2"], "apart");
  });

  test("no container takes a neighbour's address, nor its MAC", async () => {
    await ok("network", "create", "--subnet", "10.61.0.0/24", "red");
    await start("victim", "--network", "red", "--ip", "10.61.0.10");
    await start("thief", "--network", "red", "--ip", "10.61.0.11");
    await start("peer", "--network", "red", "--ip", "10.61.0.12");
    expect(await pings("thief", "10.61.0.12")).toBe(true);
    await ok("exec", "thief", "ip", "addr", "add", "10.61.0.10/24", "dev", "eth0");
    expect((await engine.hako("exec", "thief", "ping", "-I", "10.61.0.10", "-c", "1", "-W", "1", "10.61.0.12")).code).toBe(1);
    await ok("exec", "thief", "ip", "addr", "del", "10.61.0.10/24", "dev", "eth0");
    expect(await pings("thief", "10.61.0.12")).toBe(true);
    const mac = await shown("victim", "red", "MacAddress");
    await ok("exec", "thief", "sh", "-c", `ip link set eth0 down && ip link set eth0 address ${mac} && ip link set eth0 up`);
    expect(await pings("thief", "10.61.0.12")).toBe(false);
    expect(await pings("peer", "10.61.0.10")).toBe(true);
    await removeAll(["victim", "thief", "peer"], "red");
  });
});

describe("a network that is removed", () => {
  const links = async (): Promise<string> => (await engine.inNetwork("ip", "-o", "link")).stdout;

  test("leaves its bridge's name and its subnet to the next at once", async () => {
    const create = (): Promise<string> => ok("network", "create", "-o", "com.docker.network.bridge.name=hakoagain", "--subnet", "10.63.7.0/24", "again");
    for (let turn = 0; turn < 3; turn++) {
      await create();
      await start("a1", "--network", "again");
      expect(await pings("a1", "10.63.7.1")).toBe(true);
      expect(await ok("exec", "a1", "nslookup", "a1", "127.0.0.11")).toContain("10.63.7.2");
      await removeAll(["a1"], "again");
    }
    const taken = await create();
    await ok("network", "create", "--subnet", "10.63.8.0/24", "other");
    await ok("network", "rm", "other");
    await until(async () => !(await links()).includes("br-"));
    expect(await links()).toContain("hakoagain");
    expect(await ok("network", "inspect", "-f", "{{.Id}}", "again")).toBe(taken);
    await ok("network", "rm", "again");
    await ok("network", "create", "--subnet", "10.63.7.0/24", "others");
    await start("a2", "--network", "others");
    expect(await pings("a2", "10.63.7.1")).toBe(true);
    await removeAll(["a2"], "others");
  });

  test("leaves no bridge, also when the engine stops in the same moment", async () => {
    await using own = await startEngine({ busybox: false });
    await own.ok("network", "create", "one");
    await own.ok("network", "rm", "one");
    expect(await own.stop()).toBe(0);
    expect((await own.inNetwork("ip", "-o", "link")).stdout).not.toContain("br-");
  });

});

describe("the world outside", () => {
  let world: Live;
  beforeAll(async () => {
    world = Live.spawn(["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"]);
    await world.until("ready");
    await engine.inNetwork("ip", "link", "add", "outer", "type", "veth", "peer", "name", "inner", "netns", String(world.pid));
    await engine.inNetwork("ip", "addr", "add", "198.51.100.1/24", "dev", "outer");
    await engine.inNetwork("ip", "link", "set", "outer", "up");
    await inWorld("ip", "addr", "add", "198.51.100.2/24", "dev", "inner");
    await inWorld("ip", "link", "set", "inner", "up");
  });
  afterAll(async () => {
    world[Symbol.dispose]();
    await engine.inNetwork("ip", "link", "del", "outer");
  });
  const inWorld = async (...command: string[]): Promise<number> => (await Bun.spawn(["nsenter", `--net=/proc/${world.pid}/ns/net`, "--", ...command], { stdout: "ignore", stderr: "ignore" }).exited) ?? 1;

  test("is reached from a network under the host's address, and does not reach in by a route of its own", async () => {
    await ok("network", "create", "--subnet", "10.61.0.0/24", "red");
    await start("r1", "--network", "red", "--ip", "10.61.0.10");
    expect(await pings("r1", "198.51.100.2")).toBe(true);
    expect(await inWorld("ip", "route", "add", "10.61.0.0/24", "via", "198.51.100.1")).toBe(0);
    expect(await inWorld("ping", "-c", "1", "-W", "1", "10.61.0.10")).not.toBe(0);
    expect(await inWorld("ip", "route", "del", "10.61.0.0/24")).toBe(0);
    await removeAll(["r1"], "red");
  });

  test("is out of reach of an internal network, even with a route", async () => {
    await ok("network", "create", "--internal", "--subnet", "10.61.0.0/24", "inside");
    await start("i1", "--network", "inside");
    await start("i2", "--network", "inside");
    expect(await shown("i1", "inside", "Gateway")).toBe("");
    expect(await pings("i1", await shown("i2", "inside", "IPAddress"))).toBe(true);
    await ok("exec", "i1", "ip", "route", "add", "default", "via", "10.61.0.1");
    expect([await pings("i1", "198.51.100.2"), await pings("i1", "198.51.100.1"), await pings("i1", "10.61.0.1")]).toEqual([false, false, true]);
    await removeAll(["i1", "i2"], "inside");
  });

  test("macvlan puts a container on the link of a host's interface", async () => {
    await ok("network", "create", "-d", "macvlan", "-o", "parent=outer", "--subnet", "198.51.100.0/24", "--gateway", "198.51.100.2", "--ip-range", "198.51.100.64/26", "lan");
    await start("m1", "--network", "lan");
    expect(await shown("m1", "lan", "IPAddress")).toBe("198.51.100.64");
    expect(await pings("m1", "198.51.100.2")).toBe(true);
    await start("m2");
    await ok("network", "connect", "--ip", "198.51.100.99", "lan", "m2");
    expect(await pings("m2", "198.51.100.2")).toBe(true);
    await ok("network", "disconnect", "lan", "m2");
    expect(await ok("exec", "m2", "ls", "/sys/class/net")).not.toContain("eth1");
    await removeAll(["m1", "m2"], "lan");
  });
});

describe("connect and disconnect while a container runs", () => {
  test("give it an interface, a name in its hosts file and a route, and take them back", async () => {
    await ok("network", "create", "--subnet", "10.61.0.0/24", "red");
    await start("c1");
    await start("r1", "--network", "red");
    await ok("network", "connect", "--ip", "10.61.0.50", "--alias", "other", "--driver-opt", "com.docker.network.endpoint.ifname=lan7", "red", "c1");
    expect(await pings("r1", "10.61.0.50")).toBe(true);
    expect(await ok("exec", "c1", "ip", "-o", "-4", "addr", "show", "lan7")).toContain("10.61.0.50/24");
    expect(await ok("exec", "c1", "cat", "/etc/hosts")).toContain("10.61.0.50\t");
    expect(await ok("inspect", "-f", "{{json (index .NetworkSettings.Networks \"red\").DNSNames}}", "c1")).toMatch(/^\["c1","other","[0-9a-f]{12}"\]$/);
    expect(await refusal("network", "connect", "red", "c1")).toBe("Error response from daemon: endpoint with name c1 already exists in network red");
    expect(await refusal("network", "rm", "red")).toMatch(/^Error response from daemon: error while removing network: network red has active endpoints \(name:"\w\w" id:"[0-9a-f]{12}", name:"\w\w" id:"[0-9a-f]{12}"\)$/);
    await ok("network", "disconnect", "red", "c1");
    expect(await ok("exec", "c1", "cat", "/etc/hosts")).not.toContain("10.61.0.50");
    expect(await ok("exec", "c1", "ls", "/sys/class/net")).not.toContain("lan7");
    expect(await refusal("network", "disconnect", "red", "c1")).toMatch(/^Error response from daemon: container [0-9a-f]{64} is not connected to network red$/);
    await removeAll(["c1", "r1"], "red");
  });

  test("the default route moves to what is left", async () => {
    await ok("network", "create", "--subnet", "10.61.0.0/24", "red");
    await start("c1");
    await ok("network", "connect", "red", "c1");
    await ok("network", "disconnect", "bridge", "c1");
    expect(await ok("exec", "c1", "ip", "route")).toContain("default via 10.61.0.1 dev eth1");
    await removeAll(["c1"], "red");
  });

  test("a stopped container is connected when it starts", async () => {
    await ok("network", "create", "--subnet", "10.61.0.0/24", "red");
    await ok("create", "--name", "c1", BUSYBOX, "sleep", "1000");
    await ok("network", "connect", "--ip", "10.61.0.9", "red", "c1");
    await ok("start", "c1");
    expect(await shown("c1", "red", "IPAddress")).toBe("10.61.0.9");
    await ok("stop", "-t", "0", "c1");
    expect(await shown("c1", "red", "IPAddress")).toBe("");
    await ok("network", "disconnect", "red", "c1");
    await ok("start", "c1");
    expect(await ok("exec", "c1", "ls", "/sys/class/net")).not.toContain("eth1");
    await removeAll(["c1"], "red");
  });
});

describe("a crash of the engine", () => {
  test("leaves networks and their containers as they were", async () => {
    await ok("network", "create", "--subnet", "10.61.0.0/24", "red");
    await Promise.all([start("r1", "--network", "red"), start("r2", "--network", "red", "--ip", "10.61.0.20")]);
    await ok("network", "connect", "bridge", "r1");
    await engine.restart();
    expect(await pings("r1", "10.61.0.20")).toBe(true);
    expect(JSON.parse(await ok("network", "inspect", "-f", "{{json .Containers}}", "red"))).not.toEqual({});
    expect(await refusal("run", "--rm", "--network", "red", "--ip", "10.61.0.20", BUSYBOX, "true")).toContain("Address already in use");
    await ok("network", "disconnect", "bridge", "r1");
    await removeAll(["r1", "r2"], "red");
  });
});

describe("the default network's settings", () => {
  test("icc keeps its containers apart, fixed-cidr says where their addresses are", async () => {
    await using apart = await startEngine({ flags: ["--icc=false", "--bip", "10.63.0.1/16", "--fixed-cidr", "10.63.7.0/24"] });
    const address = async (name: string): Promise<string> => {
      await apart.ok("run", "-d", "--name", name, BUSYBOX, "sleep", "1000");
      return await apart.ok("inspect", "-f", "{{.NetworkSettings.Networks.bridge.IPAddress}}", name);
    };
    const [one, two] = [await address("one"), await address("two")];
    expect([one, two]).toEqual(["10.63.7.0", "10.63.7.1"]);
    expect((await apart.hako("exec", "one", "ping", "-c", "1", "-W", "1", two)).code).toBe(1);
    expect((await apart.hako("exec", "one", "ping", "-c", "1", "-W", "4", "10.63.0.1")).code).toBe(0);
    await apart.clear();
  });

  test("IPv6, the bridge's own addresses, ranges and gateways of another host's", async () => {
    const flags = ["--bip", "10.63.0.5/16", "--default-gateway", "10.63.0.1", "--ipv6", "--bip6", "fd00:63::5/64", "--fixed-cidr-v6", "fd00:63:0:0:7::/80", "--default-gateway-v6", "fd00:63::1"];
    await using six = await startEngine({ flags });
    await six.ok("run", "-d", "--name", "one", "--cap-add", "NET_ADMIN", BUSYBOX, "sleep", "1000");
    const network = (field: string): Promise<string> => six.ok("inspect", "-f", `{{.NetworkSettings.Networks.bridge.${field}}}`, "one");
    expect(await Promise.all(["IPAddress", "Gateway", "GlobalIPv6Address", "IPv6Gateway"].map(network))).toEqual(["10.63.0.2", "10.63.0.1", "fd00:63:0:0:7::", "fd00:63::1"]);
    expect(await six.ok("network", "inspect", "-f", "{{.EnableIPv6}} {{(index .IPAM.Config 0).Gateway}} {{(index .IPAM.Config 1).IPRange}}", "bridge")).toBe("true 10.63.0.5 fd00:63:0:0:7::/80");
    for (const [family, gateway, own] of [["-4", "10.63.0.1", "10.63.0.5"], ["-6", "fd00:63::1", "fd00:63::5"]] as const) {
      expect(await six.ok("exec", "one", "ip", family, "route")).toContain(`default via ${gateway}`);
      expect((await six.hako("exec", "one", "ping", "-c", "1", "-W", "2", own)).code).toBe(0);
    }
    await six.clear();
  });

  test("a subnet of IPv6 is chosen where none is said, and stays", async () => {
    await using six = await startEngine({ flags: ["--ipv6"] });
    const subnet = (): Promise<string> => six.ok("network", "inspect", "-f", "{{(index .IPAM.Config 1).Subnet}}", "bridge");
    const first = await subnet();
    expect(first).toMatch(/^fd[0-9a-f:]+\/64$/);
    const address = await six.ok("run", "--rm", BUSYBOX, "ip", "-o", "-6", "addr", "show", "dev", "eth0");
    expect(address).toContain(` ${first.replace("::/64", "")}:`);
    await six.restart();
    expect(await subnet()).toBe(first);
  });

  test("ip6tables=false leaves IPv6 alone, iptables=false all, and nothing is left of either", async () => {
    await using open = await startEngine({ flags: ["--ipv6", "--ip6tables=false"], busybox: false });
    const rules = (await open.inNetwork("nft", "list", "table", "inet", "hako")).stdout;
    for (const chain of ["forward", "input", "postrouting", "publish_in"]) expect(rules).toMatch(new RegExp(`chain ${chain} \\{\\n[^\\n]*\\n\\s*meta nfproto ipv6 accept\\n`));
    // The table for names is the last that it makes.
    await until(async () => (await open.inNetwork("nft", "list", "tables")).stdout.includes("hako-dns"));
    await open.kill9();
    // What an engine with rules left, one without them takes away.
    const plain = Live.spawn(open.daemonCommand("--iptables=false"));
    await plain.until(/^ready$/m);
    expect((await open.inNetwork("nft", "list", "ruleset")).stdout).toBe("");
    plain.signal("SIGTERM");
    expect(await plain.exitCode()).toBe(0);
  });
});

test("prunes at one time remove each network once, and none fails", async () => {
  const names = Array.from({ length: 18 }, (_, index) => `pruned${String.fromCharCode(97 + index)}`);
  await Promise.all(names.map((name) => ok("network", "create", name)));
  const answers = await Promise.all(Array.from({ length: 6 }, () => engine.api("POST", "/networks/prune")));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  const prunes = await Promise.all(answers.map(async (answer) => (await answer.json()) as { NetworksDeleted: string[] | null }));
  expect(prunes.flatMap(({ NetworksDeleted }) => NetworksDeleted ?? []).sort()).toEqual(names);
});
