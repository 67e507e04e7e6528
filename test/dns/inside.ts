/** Runs in a network namespace of its own, which plays the host, and prints what containers were told, as JSON for resolver.test.ts. */
import { join } from "node:path";
import { openResolver, removeRedirect, type NamedContainer } from "../../src/dns/mod.ts";
import { applyRuleset, listTable } from "../../src/linux/mod.ts";
import { World, type Place } from "./world.ts";

const here = (name: string): string => join(import.meta.dir, name);
const [bun, probe] = [process.execPath, here("probe.ts")];
const said: string[] = [];

using world = new World();
const [first, second] = [world.bridge("dnsa", "10.77.0.1"), world.bridge("dnsb", "10.78.0.1")];
const at = (host: number): Promise<Place> => world.place(first, `10.77.0.${host}`, "10.77.0.1");
const [web, copy, client, confined, stranger, outside] = await Promise.all([at(2), at(3), at(4), at(5), at(6), at(9)]);
const other = await world.place(second, "10.78.0.2", "10.78.0.1");

const endpoint = (place: Place, names: string[], more: Partial<NamedContainer["endpoints"][number]> = {}): NamedContainer["endpoints"][number] => ({ networkId: "a", networkName: "Front", names, ip: place.address, ip6: "", ...more });
const container = (containerId: string, endpoints: NamedContainer["endpoints"], more: Partial<NamedContainer> = {}): NamedContainer => ({ containerId, endpoints, servers: [], keepsSingleWords: false, ...more });
const inOther = { networkId: "b", networkName: "back" };

const open = async (): Promise<ReturnType<typeof openResolver>> => {
  const resolver = openResolver({ table: "hkdns", hostResolvConf: () => "# of the host\nnameserver 10.77.0.9\n", log: (sentence) => said.push(sentence) });
  resolver.set(container("web", [endpoint(web, ["web", "shop", "0123456789ab"], { ip6: "fd00::2" })]));
  resolver.set(container("copy", [endpoint(copy, ["copy", "shop"])]));
  resolver.set(container("client", [endpoint(client, ["client"], { links: [{ alias: "storage", name: "web" }] })]));
  resolver.set(container("confined", [endpoint(confined, ["confined"])], { confinedTo: ["10.99.0.0/24"], keepsSingleWords: true }));
  resolver.set(container("other", [endpoint(other, ["other", "web"], inOther)], { servers: ["10.77.0.200", "10.77.0.9"] }));
  await Promise.all([resolver.serve({ id: "a", bridge: "dnsa", gateway: "10.77.0.1" }), resolver.serve({ id: "b", bridge: "dnsb", gateway: "10.78.0.1" })]);
  return resolver;
};

await world.background(outside, bun, here("upstream.ts"));
let resolver = await open();
const ask = async (place: Place, ...questions: string[]): Promise<Record<string, unknown>> => JSON.parse(await world.run(place, bun, here("client.ts"), ...questions)) as Record<string, unknown>;
const raw = (place: Place, ...args: string[]): Promise<string> => world.run(place, bun, probe, ...args);

const report: Record<string, unknown> = {};
report.own = await ask(client, "A/web", "A/WEB", "A/web.front", "A/0123456789ab", "A/storage", "AAAA/web", "AAAA/copy", "TXT/web", "MX/copy", "A/shop", "PTR/10.77.0.2", "PTR/fd00::2", "ttl/web", "A/other", "A/web.back");
report.others = await ask(other, "A/web", "A/copy");
report.forwarded = await ask(client, "A/far.example", "A/nowhere.example", "A/refused.example", "A/wrong-id.example", "A/wrong-name.example", "A/not-an-answer.example", "A/guessing.example", "A/edns.example", "PTR/10.77.0.250");
report.big = ((await ask(client, "A/big.example"))["A/big.example"] as string[]).length;
report.talkative = await raw(client, "ask", "talkative.example");
report.loop = await raw(client, "ask", "loop.example");
report.confined = await ask(confined, "A/web", "A/far.example", "A/word", "AAAA/web");
report.stranger = await raw(stranger, "ask", "web");
report.raw = {
  pointerToItself: await raw(client, "raw", "000701000001000000000000c00c00010001"),
  twoQuestions: await raw(client, "raw", "00070100000200000000000003776562000001000103776562000001" + "0001"),
  noQuestion: await raw(client, "raw", "000701000000000000000000"),
  update: await raw(client, "raw", "000728000001000000000000037765620000060001"),
  anAnswer: await raw(client, "raw", "00078180000100000000000003776562000001" + "0001"),
  short: await raw(client, "raw", "0007"),
  chaos: await raw(client, "raw", "000701000001000000000000" + "03776562000001" + "0003"),
};
// The host has forgotten the container's link address.
await Bun.$`ip neigh flush dev dnsa`.quiet();
report.forgotten = await raw(client, "ask", "web");
report.byteByByte = await raw(client, "byte-by-byte");
report.pipelined = await raw(client, "pipelined");
report.garbage = await raw(client, "garbage");

// Names follow containers at once.
resolver.set(container("web", [endpoint(web, ["renamed"])]));
report.renamed = await ask(client, "A/web.front", "A/renamed", "A/shop");
resolver.remove("copy");
report.removed = await ask(client, "A/shop.front");

// A neighbour that sends to another's loopback address over the link, and one without the guard for comparison.
const unguarded = await world.place(first, "10.77.0.7", "10.77.0.1", { guarded: false });
const attack = async (victim: Place): Promise<string> => {
  await world.background(victim, bun, probe, "echo", "127.0.0.1", "7777");
  const mac = /link\/ether (\S+)/.exec(await world.run(victim, "ip", "-o", "link", "show", "eth0"))?.[1] ?? "";
  await world.run(stranger, "sh", "-c", `ip neigh replace 10.77.0.77 lladdr ${mac} dev eth0; ip route del local 127.0.0.1 table local; ip route replace 127.0.0.1/32 via 10.77.0.77 dev eth0 table local src 10.77.0.6`);
  return await raw(stranger, "send", "127.0.0.1", "7777");
};
report.neighbour = { guarded: await attack(web), unguarded: await attack(unguarded) };
report.itself = await raw(web, "send", "127.0.0.1", "7777");

// The engine restarts: silence, not a refusal, and then answers again.
await resolver[Symbol.asyncDispose]();
report.meanwhile = await raw(client, "ask", "copy");
report.meanwhileOverTCP = await world.run(client, "sh", "-c", "busybox nc -w 1 127.0.0.11 53 </dev/null 2>&1 || true");
// Somebody else takes the port in the meantime.
const squatter = await Bun.udpSocket({ hostname: "10.77.0.1", port: 53, socket: {} });
resolver = await open();
report.otherPort = await ask(client, "A/copy");
report.ruleOfOtherPort = /"dnsa" : \d+/.exec((await listTable("ip", "hkdns-dns")) ?? "")?.[0];
squatter.close();
await resolver.unserve("a");
await resolver.unserve("b");
report.ruleOfNoNetwork = /"dnsa" : \d+/.exec((await listTable("ip", "hkdns-dns")) ?? "")?.[0] ?? "";

// A firewall of somebody else's that lets nothing in; its rule for us is in the sentence; and one that empties all tables.
await applyRuleset("table ip filter {\n chain INPUT {\n type filter hook input priority 0; policy drop;\n }\n}\n");
await resolver[Symbol.asyncDispose]();
said.length = 0;
const warned = Promise.withResolvers<string>();
const push = said.push.bind(said);
said.push = (...sentences) => (warned.resolve(sentences[0] ?? ""), push(...sentences));
resolver = await open();
report.warned = await warned.promise;
report.kept = await raw(client, "ask", "copy");
await applyRuleset(`${/nft (insert rule .*)$/.exec(await warned.promise)?.[1] ?? ""}\n`);
report.admitted = await raw(client, "ask", "copy");
await applyRuleset("flush ruleset\n");
await resolver.restore();
report.restored = await raw(client, "ask", "copy");
said.length = 0;
await resolver.unserve("a");
await resolver.unserve("b");

// One that cannot be listened on is told of, and the others go on.
world.bridge("dnsc", "10.79.0.1");
await resolver.serve({ id: "c", bridge: "dnsc", gateway: "10.200.0.1" });
report.said = said;
await resolver[Symbol.asyncDispose]();
await applyRuleset("add table ip theirs\n");
await removeRedirect("hkdns");
await removeRedirect("hkdns");
report.tables = [await listTable("ip", "hkdns-dns"), (await listTable("ip", "theirs")) !== undefined];
console.log(JSON.stringify(report));
world[Symbol.dispose]();
process.exit(0);
