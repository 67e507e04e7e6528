/** The resolver on a host of its own, asked by programs in containers' network namespaces: see inside.ts. */
import { expect, test } from "bun:test";
import { join } from "node:path";

type Told = Record<string, unknown>;

interface Report {
  own: Told;
  others: Told;
  forwarded: Told;
  confined: Told;
  big: number;
  talkative: string;
  loop: string;
  stranger: string;
  raw: Record<string, string>;
  forgotten: string;
  byteByByte: string;
  pipelined: string;
  garbage: string;
  renamed: Told;
  removed: Told;
  neighbour: { guarded: string; unguarded: string };
  itself: string;
  meanwhile: string;
  meanwhileOverTCP: string;
  otherPort: Told;
  ruleOfOtherPort: string;
  ruleOfNoNetwork: string;
  warned: string;
  kept: string;
  admitted: string;
  restored: string;
  said: string[];
  tables: unknown[];
}

const FAR = ["203.0.113.7"];
const WEB_QUESTION = "037765620000010001";
/** One address record, TTL 600, of 10.77.0.2. */
const WEB_RECORD = "c00c000100010000025800040a4d0002";

const child = Bun.spawnSync(["unshare", "--net", process.execPath, join(import.meta.dir, "inside.ts")], { stdin: "ignore", env: { ...process.env }, timeout: 60_000 });
const report = JSON.parse(child.exitCode === 0 ? child.stdout.toString() : JSON.stringify({ failure: child.stderr.toString() })) as Report;

test("containers find one another by name, alias, short id and link, in any case, with and without the network's name", () => {
  expect(report).not.toHaveProperty("failure");
  for (const question of ["A/web", "A/WEB", "A/web.front", "A/0123456789ab", "A/storage"]) expect([question, report.own[question]]).toEqual([question, ["10.77.0.2"]]);
});

test("a name that several bear leads to all of them", () => {
  expect(report.own["A/shop"]).toContain("10.77.0.2");
  expect(report.own["A/shop"]).toContain("10.77.0.3");
});

test("a name that exists has no records of other types, and is not said to be missing", () => {
  expect(report.own["AAAA/web"]).toEqual(["fd00::2"]);
  for (const question of ["AAAA/copy", "TXT/web", "MX/copy"]) expect([question, report.own[question]]).toEqual([question, "ENOTFOUND"]);
});

test("addresses lead back to names, and answers are good for ten minutes, as Docker's", () => {
  expect(report.own["PTR/10.77.0.2"]).toEqual(["web.Front"]);
  expect(report.own["PTR/fd00::2"]).toEqual(["web.Front"]);
  expect(report.own["ttl/web"]).toEqual([600]);
});

test("nobody sees names of a network that it is not on", () => {
  expect(report.own["A/other"]).toEqual(FAR);
  expect(report.own["A/web.back"]).toEqual(FAR);
  expect(report.others).toEqual({ "A/web": ["10.78.0.2"], "A/copy": FAR });
  expect(report.stranger).toBe("silence");
});

test("other names are asked of the host's servers, and their answers come as they are", () => {
  expect(report.forwarded).toMatchObject({ "A/far.example": FAR, "A/nowhere.example": "ENOTFOUND", "A/refused.example": "EREFUSED", "PTR/10.77.0.250": "ENOTFOUND", "A/edns.example": ["203.0.113.0"] });
  expect(report.loop).toEndWith("c01e000100010000003c0004cb007107");
});

test("what does not answer the question is passed over, and a server that guesses is given up", () => {
  expect(report.forwarded).toMatchObject({ "A/wrong-id.example": FAR, "A/wrong-name.example": FAR, "A/not-an-answer.example": FAR, "A/guessing.example": "ESERVFAIL" });
});

test("an answer of 64 KB comes over TCP, and one that is too long for the client over UDP says so", () => {
  expect(report.big).toBe(4094);
  // Header with the truncation flag, and the question alone.
  expect(report.talkative).toStartWith("000783800001000000000000");
  expect(report.talkative).toHaveLength(70);
});

test("on internal networks names resolve, and nobody outside is asked", () => {
  expect(report.confined).toMatchObject({ "A/web": ["10.77.0.2"], "A/far.example": "ESERVFAIL" });
});

test("with ndots set a single word is left to the search list", () => {
  expect(report.confined["A/word"]).toBe("ENOTFOUND");
});

test("malformed questions are refused, answers are not answered", () => {
  const formErr = "000781010000000000000000";
  expect(report.raw).toMatchObject({ pointerToItself: formErr, twoQuestions: formErr, noQuestion: formErr, anAnswer: "silence", short: "silence" });
  expect(report.raw["update"]).toMatch(/^0007a8?04/);
});

test("an answer finds its way when the host has forgotten the container's link address", () => {
  expect(report.forgotten).toBe(`000781800001000100000000${WEB_QUESTION}${WEB_RECORD}`);
});

test("over TCP questions may come in pieces or several at once", () => {
  expect(report.byteByByte).toBe(`0025000781800001000100000000${WEB_QUESTION}${WEB_RECORD}`);
  expect(report.pipelined.startsWith(`0025000181800001000100000000${WEB_QUESTION}${WEB_RECORD}`)).toBe(true);
  expect(report.pipelined.endsWith(`0025000381800001000100000000${WEB_QUESTION}${WEB_RECORD}`)).toBe(true);
});

test("after thousands of garbled packets it answers as before", () => {
  expect(report.garbage).toEndWith(`000781800001000100000000${WEB_QUESTION}${WEB_RECORD}`);
});

test("names follow containers at once", () => {
  expect(report.renamed).toEqual({ "A/web.front": FAR, "A/renamed": ["10.77.0.2"], "A/shop": ["10.77.0.3"] });
  expect(report.removed).toEqual({ "A/shop.front": FAR });
});

test("a neighbour does not reach a container's loopback addresses, though answers from one come over the link", () => {
  expect(report.neighbour).toEqual({ guarded: "silence", unguarded: Buffer.from("hello").toString("hex") });
  expect(report.itself).toBe(Buffer.from("hello").toString("hex"));
});

test("while the engine restarts, containers wait for an answer and are not refused", () => {
  expect(report.meanwhile).toBe("silence");
  expect(report.meanwhileOverTCP).toContain("timed out");
});

test("another program on the gateway's port is left alone", () => {
  expect([report.otherPort, report.ruleOfOtherPort, report.ruleOfNoNetwork]).toEqual([{ "A/copy": ["10.77.0.3"] }, "\"dnsa\" : 1011", ""]);
});

test("a firewall that lets nothing in is told of, with the rule that helps", () => {
  const answered = expect.stringMatching(/0a4d0003$/);
  expect(report).toMatchObject({ kept: "silence", admitted: answered });
  expect(report.warned).toBe('the firewall table "ip filter" drops packets to this host by policy (chain INPUT), so that containers on networks like dnsa find no names. Let their questions pass with: nft insert rule ip filter INPUT ct original ip daddr 127.0.0.11 accept');
});

test("the redirection is made anew when somebody has emptied the host's firewall", () => {
  expect(report.restored).toEndWith("0a4d0003");
});

test("a network that cannot be listened on is told to the operator", () => {
  expect(report.said).toEqual(["containers on dnsc have no resolver: bind EADDRNOTAVAIL 10.200.0.1"]);
});

test("the redirection is removed alone, and once more without complaint", () => {
  expect(report.tables).toEqual([null, true]);
});
