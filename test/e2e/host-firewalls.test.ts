/** Firewalls of others on the host: what they keep from containers is said with the line that lets it through. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { openLan, type Lan } from "../lan.ts";
import { run } from "../processes.ts";

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
  for (const table of ["ip filter", "inet firewalld"]) await engine.inNetwork("nft", "delete", "table", ...table.split(" "));
  // It looks at the host's tables as it starts.
  await engine.restart();
});

const rules = async (text: string): Promise<void> => {
  // nft wants each chain to end its line.
  const { code, stderr } = await run(["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", "nft", "-f", "-"], { stdin: text.replaceAll("} }", "}\n}") });
  expect([code, stderr]).toEqual([0, ""]);
};
/** Of the default bridge. */
const warnings = async (): Promise<string[]> => ((await (await engine.api("GET", "/info")).json()) as { Warnings: string[] | null }).Warnings?.filter((line) => line.includes("hakot0")) ?? [];
const reachesOutside = async (): Promise<boolean> => (await engine.hako("run", "--rm", BUSYBOX, "ping", "-c", "1", "-W", "4", lan.client.ip)).code === 0;

test.each([
  ["iptables with a policy of drop", "table ip filter { chain FORWARD { type filter hook forward priority filter; policy drop; ct state invalid drop; } }"],
  ["iptables with a last rule that rejects", "table ip filter { chain FORWARD { type filter hook forward priority filter; policy accept; ct state invalid drop; counter reject with icmp type host-prohibited; } }"],
  ["Docker beside us", 'table ip filter { chain DOCKER-USER { return; }\n chain DOCKER-FORWARD { iifname "docker0" accept; }\n chain FORWARD { type filter hook forward priority filter; policy drop; jump DOCKER-USER; jump DOCKER-FORWARD; } }'],
])("%s: the line that is said lets containers out", async (_, text) => {
  expect([await reachesOutside(), await warnings()]).toEqual([true, []]);
  await rules(text);
  await engine.restart();
  expect(await reachesOutside()).toBe(false);
  const [warning = "", ...more] = await warnings();
  expect(more).toEqual([]);
  const [, remedy = ""] = /so containers on hakot0 do not reach other machines\. Let them pass with: (.*)$/.exec(warning) ?? [];
  expect((await engine.inNetwork("sh", "-c", remedy)).code).toBe(0);
  expect(await reachesOutside()).toBe(true);
  // A network says so as it is made, of its own bridge.
  const created = (await (await engine.api("POST", "/networks/create", { Name: "later" })).json()) as { Id: string; Warning: string };
  expect(created.Warning).toContain(`br-${created.Id.slice(0, 12)} accept`);
  await engine.ok("network", "rm", "later");
  await engine.restart();
  expect(await warnings()).toEqual([]);
});

test("firewalld and ufw are named with their own commands, and what they let pass is seen", async () => {
  const firewalld = (zone: string): string => `table inet firewalld {
    chain filter_FWD_trusted { accept; }
    chain filter_FWD_public { reject with icmpx type admin-prohibited; }
    chain filter_FORWARD_ZONES { ${zone} goto filter_FWD_public; }
    chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept; ct state { established, related } accept; jump filter_FORWARD_ZONES; ct state invalid drop; reject with icmpx type admin-prohibited; }
  }`;
  await rules(firewalld(""));
  await engine.restart();
  expect(await warnings()).toEqual([expect.stringContaining("firewalld drops forwarded packets by its zones (chain filter_FORWARD), so containers on hakot0 do not reach other machines. Let them pass with: firewall-cmd --permanent --zone=trusted --add-interface=hakot0; firewall-cmd --reload")]);
  await rules(`delete table inet firewalld\n${firewalld('iifname "hakot0" goto filter_FWD_trusted;')}`);
  await engine.restart();
  expect(await warnings()).toEqual([]);
  await engine.inNetwork("nft", "delete", "table", "inet", "firewalld");
  const ufw = (rule: string): string => `table ip filter { chain ufw-user-forward { ${rule} }\n chain ufw-before-forward { ct state established,related accept; jump ufw-user-forward; }\n chain FORWARD { type filter hook forward priority filter; policy drop; counter jump ufw-before-forward; } }`;
  await rules(ufw(""));
  await engine.restart();
  expect(await warnings()).toEqual([expect.stringContaining("ufw drops forwarded packets by policy (chain FORWARD), so containers on hakot0 do not reach other machines. Let them pass with: ufw route allow in on hakot0; ufw route allow out on hakot0")]);
  // What these commands add.
  await rules(`delete table ip filter\n${ufw('iifname "hakot0" counter accept; oifname "hakot0" counter accept;')}`);
  await engine.restart();
  expect([await warnings(), await reachesOutside()]).toEqual([[], true]);
});

test("a firewall that somebody emptied is made anew by what needs it", async () => {
  await engine.ok("run", "-d", "--name", "before", "-p", "8400:80", BUSYBOX, "httpd", "-f");
  await engine.inNetwork("nft", "flush", "ruleset");
  await engine.ok("run", "-d", "--name", "after", "-p", "8401:80", BUSYBOX, "httpd", "-f");
  expect(await reachesOutside()).toBe(true);
  const answers = async (port: number): Promise<string> => (await lan.client.run("curl", "-s", "-o", "/dev/null", "-m", "5", "--retry", "20", "--retry-connrefused", "--retry-delay", "0", "-w", "%{http_code}", `http://198.51.100.1:${port}/`)).stdout;
  expect(await Promise.all([answers(8400), answers(8401)])).toEqual(["404", "404"]);
});
