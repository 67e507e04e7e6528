import { describe, expect, test } from "bun:test";
import { messageOf } from "../../src/base/mod.ts";
import { poolOf } from "../../src/network/address-config.ts";
import { defineNetwork, type Surroundings } from "../../src/network/define.ts";
import { defaultRoutes, nextInterface } from "../../src/network/endpoint.ts";
import { firstFree, poolsFor } from "../../src/network/host-subnets.ts";
import { formatSubnet, parseSubnet, readSubnet } from "../../src/network/subnet.ts";
import type { Endpoint, NetworkRequest } from "../../src/network/types.ts";

const REQUEST: NetworkRequest = { name: "n", driver: "", internal: false, attachable: false, configOnly: false, configFrom: "", ipam: { driver: "", options: null, config: [] }, options: {}, labels: {} };
const AROUND: Surroundings = { named: () => undefined, onInterface: () => undefined, meets: () => false, choose: (family) => parseSubnet(family === 4 ? "172.18.0.0/16" : "fd00:1::/64") };
const define = (request: Partial<NetworkRequest>) => defineNetwork({ ...REQUEST, ...request }, { id: "ab".repeat(32), createdAt: "" }, AROUND);

describe("a bridge's name", () => {
  const named = (name: string) => define({ options: { "com.docker.network.bridge.name": name } });

  test.each(['a"b', "a\\b", "br*", "a\u0001b", '"}add', "a b"])("that a firewall's text would read otherwise is refused: %j", (name) => {
    expect(() => named(name)).toThrow(`invalid bridge name: ${JSON.stringify(name)}`);
  });

  test("may be any other", () => {
    expect(named("br-x_1.2").options["com.docker.network.bridge.name"]).toBe("br-x_1.2");
  });
});

describe("firstFree()", () => {
  const free = (pools: { base: string; size: number }[], taken: string[], family: 4 | 6 = 4): string | undefined => {
    const found = firstFree(poolsFor(pools, family, "fd12:3456:789a::/48"), taken.map(parseSubnet));
    return found && formatSubnet(found);
  };

  test("is Docker's first pool, then the next that nothing meets", () => {
    expect(free([], [])).toBe("172.17.0.0/16");
    expect(free([], ["172.17.4.0/24", "172.18.0.0/16", "10.0.0.0/8"])).toBe("172.19.0.0/16");
    expect(free([], ["172.16.0.0/12"])).toBe("192.168.0.0/20");
    expect(free([], ["172.16.0.0/12", "192.168.0.0/16"])).toBeUndefined();
  });

  test("finds the gap between what is taken", () => {
    expect(free([{ base: "10.0.0.0/16", size: 24 }], ["10.0.2.7/32", "10.0.0.0/23", "10.0.3.0/26"])).toBe("10.0.4.0/24");
    expect(free([{ base: "10.0.0.0/16", size: 24 }], ["10.0.1.0/24"])).toBe("10.0.0.0/24");
    expect(free([{ base: "10.0.0.0/16", size: 24 }], ["10.0.0.0/17"])).toBe("10.0.128.0/24");
  });

  test("does not count through a pool that one route takes whole", () => {
    expect(free([{ base: "fd00::/8", size: 64 }], ["fd00::/8"], 6)).toBeUndefined();
    expect(free([], [], 6)).toBe("fd12:3456:789a::/64");
    expect(free([], ["fd12:3456:789a::/64"], 6)).toBe("fd12:3456:789a:1::/64");
  });
});

describe("subnets", () => {
  test("are read with any host part, and nothing else is", () => {
    expect(["10.1.2.3/8", "fd00::1/64"].map((text) => formatSubnet(parseSubnet(text)))).toEqual(["10.0.0.0/8", "fd00::/64"]);
    expect(["", "1.2.3/8", "10.0.0.0", "10.0.0.0/33", "fd00::/129", "fe80::1%eth0/64", "a/b"].map(readSubnet)).toEqual(Array.from({ length: 7 }, () => undefined));
  });

  test("have their gateway at the beginning of the range, past what is reserved", () => {
    expect(poolOf({ Subnet: "10.1.0.0/16" }, { chosen: true }).gateway).toBe("10.1.0.1");
    expect(poolOf({ Subnet: "10.1.0.0/16", IPRange: "10.1.5.0/24" }, { chosen: false }).gateway).toBe("10.1.5.0");
    expect(poolOf({ Subnet: "10.1.0.0/16", AuxiliaryAddresses: { a: "10.1.0.1" } }, { chosen: false }).gateway).toBe("10.1.0.2");
    expect(poolOf({ Subnet: "fd00:1::/64" }, { chosen: false }).gateway).toBe("fd00:1::1");
  });
});

describe("defineNetwork()", () => {
  test("chooses a subnet for each family that has none, and names the bridge after the network", () => {
    expect(define({ enableIPv6: true })).toMatchObject({
      driver: "bridge", interfaceName: "br-abababababab", mtu: 1500, ipam: { driver: "default", config: [{ Subnet: "172.18.0.0/16", Gateway: "172.18.0.1" }, { Subnet: "fd00:1::/64", Gateway: "fd00:1::1" }] },
      pools: [{ subnet: "172.18.0.0/16", chosen: true }, { subnet: "fd00:1::/64", chosen: true }],
    });
  });

  test("shows a subnet of a family that is off, and takes no address of it", () => {
    const { ipam, pools } = define({ ipam: { driver: "", options: null, config: [{ Subnet: "fd00:9::/64" }] } });
    expect(ipam.config).toEqual([{ Subnet: "fd00:9::/64" }, { Subnet: "172.18.0.0/16", Gateway: "172.18.0.1" }]);
    expect(pools.map(({ subnet }) => subnet)).toEqual(["172.18.0.0/16"]);
  });

  test("never fails but in words", () => {
    const odd = ["", " ", "x", "10.0.0.0/99", "::/0", "/", "10.0.0.0/-1", "\0", "9".repeat(5000), "fd00::/129"];
    for (const Subnet of odd)
      for (const IPRange of odd)
        for (const Gateway of ["", "x", "::1", "10.0.0.1"]) {
          try {
            define({ enableIPv6: true, ipam: { driver: "", options: null, config: [{ Subnet, IPRange, Gateway }] } });
          } catch (error) {
            expect(messageOf(error)).toMatch(/^(invalid network config:|invalid pool request)/);
          }
        }
  });
});

describe("a container's interfaces", () => {
  const endpoint = (part: Partial<Endpoint>): Endpoint => ({ networkName: "n", gateway: "", gateway6: "", gatewayPriority: 0, insideIndex: 100, ...part }) as Endpoint;

  test("take the lowest name and number that is free", () => {
    expect(nextInterface([])).toEqual({ interfaceName: "eth0", insideIndex: 100 });
    expect(nextInterface([{ interfaceName: "eth1", insideIndex: 100 }, { interfaceName: "lan", insideIndex: 101 }])).toEqual({ interfaceName: "eth0", insideIndex: 102 });
  });

  test("have one default route for each family: by priority, then by name", () => {
    const a = endpoint({ networkName: "a", gateway: "10.1.0.1", insideIndex: 100 });
    const b = endpoint({ networkName: "b", gateway: "10.2.0.1", gateway6: "fd00:2::1", insideIndex: 101 });
    expect(defaultRoutes([b, a])).toEqual([{ index: 100, gateway: "10.1.0.1" }, { index: 101, gateway: "fd00:2::1" }]);
    expect(defaultRoutes([a, { ...b, gatewayPriority: 1 }])[0]).toEqual({ index: 101, gateway: "10.2.0.1" });
    expect(defaultRoutes([{ ...a, gateway: "" }])).toEqual([]);
  });
});
