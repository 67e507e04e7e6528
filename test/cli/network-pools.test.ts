/** Which range, gateway and address belongs to which subnet of a new network. */
import { expect, test } from "bun:test";
import { readPools, type PoolFlags } from "../../src/cli/options/network-pools.ts";

const pools = (flags: Partial<PoolFlags>) => readPools({ subnets: [], ranges: [], gateways: [], auxiliary: {}, ...flags });

test("readPools() puts each address into the subnet that holds it", () => {
  expect(pools({ subnets: ["10.1.0.0/16", "fd00::/64"], ranges: ["10.1.5.0/24"], gateways: ["fd00::9", "10.1.0.9"], auxiliary: { a: "10.1.0.7", b: "fd00::1:2" } })).toEqual([
    { Subnet: "10.1.0.0/16", IPRange: "10.1.5.0/24", Gateway: "10.1.0.9", AuxiliaryAddresses: { a: "10.1.0.7" } },
    { Subnet: "fd00::/64", Gateway: "fd00::9", AuxiliaryAddresses: { b: "fd00::1:2" } },
  ]);
  expect(pools({})).toEqual([]);
});

test("readPools() refuses what docker refuses", () => {
  expect(() => pools({ gateways: ["10.1.0.1"] })).toThrow("every ip-range or gateway must have a corresponding subnet");
  expect(() => pools({ subnets: ["10.1.0.0/16", "10.1.5.0/24"] })).toThrow("multiple overlapping subnet configuration is not supported");
  expect(() => pools({ subnets: ["10.1.0.0/16"], gateways: ["10.2.0.1"] })).toThrow("no matching subnet for gateway 10.2.0.1");
  expect(() => pools({ subnets: ["10.1.0.0/16"], ranges: ["fd00::/80"] })).toThrow("no matching subnet for range fd00::/80");
  expect(() => pools({ subnets: ["10.1.0.0/16", "10.2.0.0/16"], gateways: ["10.1.0.1", "10.1.0.2"] })).toThrow("cannot configure multiple gateways (10.1.0.2, 10.1.0.1) for the same subnet (10.1.0.0/16)");
  expect(() => pools({ subnets: ["10.1.0.0/16", "300.1.0.0/16"] })).toThrow("invalid CIDR address: 300.1.0.0/16");
});
