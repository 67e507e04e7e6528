/** The bridge network on a host of its own: a network namespace with an uplink, see network-inside.ts. */
import { expect, test } from "bun:test";
import { join } from "node:path";

interface Report {
  bridge: { name: string; id: string; subnet: string; gateway: string; mtu: number };
  first: { ip: string; mac: string; prefix: number; gateway: string; hostInterface: string };
  second: string;
  insideLink: { name: string; mac: string; up: boolean };
  insideAddresses: string[];
  reached: { outside: string; each: string; gateway: string; fromOutside: string };
  reachedPastDocker: string;
  warned: string[];
  unwarned: string[];
  reused: string;
  again: string;
  linksAfterSweep: string[];
  addressesAfterMove: string[];
  firstAfterMove: string;
  forwardingBefore: string;
  forwardingDuring: string;
  forwardingAfter: string;
  tableAfter: unknown;
  bridgeAfter: unknown;
  foreignTableAfter: boolean;
}

const child = Bun.spawnSync(["unshare", "--net", process.execPath, join(import.meta.dir, "network-inside.ts")], { stdin: "ignore" });
const report = JSON.parse(child.exitCode === 0 ? child.stdout.toString() : JSON.stringify({ failure: child.stderr.toString() })) as Report;

test("setup() takes the first pool that no route of the host meets", () => {
  expect(report).not.toHaveProperty("failure");
  expect(report.bridge).toMatchObject({ name: "hktest0", subnet: "172.18.0.0/16", gateway: "172.18.0.1", mtu: 1500 });
  expect(report.bridge.id).toMatch(/^[0-9a-f]{64}$/);
});

test("attach() gives addresses in sequence, Docker's MAC, the lowest free one again", () => {
  expect(report.first).toMatchObject({ ip: "172.18.0.2", mac: "02:42:ac:12:00:02", prefix: 16, gateway: "172.18.0.1" });
  expect(report.first.hostInterface).toMatch(/^veth[0-9a-f]{10}$/);
  expect(report.second).toBe("172.18.0.3");
  expect(report.reused).toBe("172.18.0.4");
  expect(report.again).toBe(report.reused);
});

test("the shim's messages give the container eth0, up, with its MAC", () => {
  expect(report.insideLink).toMatchObject({ name: "eth0", mac: "02:42:ac:12:00:02", up: true });
  expect(report.insideAddresses).toEqual(["172.18.0.2/16"]);
});

test("a container reaches outside under the host's address, its neighbours and the gateway under its own", () => {
  expect(report.reached).toMatchObject({ outside: "198.51.100.1", each: "172.18.0.2", gateway: "172.18.0.2" });
});

test("nobody outside opens a connection to what is not published", () => {
  expect(report.reached.fromOutside).toStartWith("error ");
});

test("another table's dropping forward chain is told of, with the commands that help", () => {
  expect(report.warned).toHaveLength(1);
  expect(report.warned[0]).toContain('"ip filter" drops forwarded packets by policy (chain FORWARD)');
  expect(report.warned[0]).toContain('nft insert rule ip filter DOCKER-USER iifname hktest0 accept');
  expect(report.unwarned).toEqual([]);
  expect(report.reachedPastDocker).toBe("198.51.100.1");
});

test("sweep() removes links that no live container holds", () => {
  expect(report.linksAfterSweep).toEqual([report.first.hostInterface]);
});

test("another configured subnet takes the place of the old one", () => {
  expect(report).toMatchObject({ addressesAfterMove: ["10.77.0.1/24"], firstAfterMove: "10.77.0.2" });
});

test("teardown() takes everything back and leaves other tables alone", () => {
  expect(report).toMatchObject({ tableAfter: null, bridgeAfter: null, foreignTableAfter: true });
  expect(report.forwardingDuring).toBe("1");
  expect(report.forwardingAfter).toBe(report.forwardingBefore);
});
