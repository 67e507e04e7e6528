import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { answer, truncated, udpBytes } from "../../src/dns/answer.ts";
import { addressOfReverseName } from "../../src/dns/arpa.ts";
import { answers, parseQuery, TYPE, type Query } from "../../src/dns/message.ts";
import { Names } from "../../src/dns/names.ts";
import { resolveOwn } from "../../src/dns/resolve.ts";
import { resolverServers } from "../../src/dns/servers.ts";

function message(name: string, { type = 1, flags = 0x0100, edns }: { type?: number; flags?: number; edns?: number } = {}): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0x4242, 0);
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(edns === undefined ? 0 : 1, 10);
  const labels = name.split(".").map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, "latin1")]));
  const opt = edns === undefined ? [] : [Buffer.from([0, 0, 41, edns >> 8, edns & 0xff, 0, 0, 0, 0, 0, 0])];
  return Buffer.concat([head, ...labels, Buffer.of(0, type >> 8, type & 0xff, 0, 1), ...opt]);
}

function query(name: string, options?: Parameters<typeof message>[1]): Query {
  const parsed = parseQuery(message(name, options));
  if (!parsed || "refuse" in parsed) throw new Error("no query");
  return parsed;
}

const names = new Names();
const asker = { containerId: "c", endpoints: [{ networkId: "n", networkName: "net", names: ["web"], ip: "10.0.0.2", ip6: "" }], servers: [], keepsSingleWords: false };
names.set(asker);
for (let i = 0; i < 300; i++) names.set({ ...asker, containerId: `r${i}`, endpoints: [{ networkId: "n", networkName: "net", names: ["many"], ip: `10.0.${1 + (i >> 8)}.${i & 255}`, ip6: "" }] });

describe("parseQuery()", () => {
  test("reads name, type and how much the client takes", () => {
    expect(query("Web.Net", { type: TYPE.AAAA, edns: 1400 })).toMatchObject({ name: "web.net", type: 28, class: 1, ednsBytes: 1400, id: 0x4242 });
    expect(query("web")).toMatchObject({ ednsBytes: undefined });
    expect(query("web", { edns: 100 }).ednsBytes).toBe(512);
  });

  test("refuses names that are too long, and labels that are pointers", () => {
    const label = "a".repeat(63);
    expect(parseQuery(message([label, label, label, "b".repeat(61)].join(".")))).toHaveProperty("name");
    expect(parseQuery(message([label, label, label, label].join(".")))).toMatchObject({ refuse: 1 });
    expect(parseQuery(Buffer.concat([message("web").subarray(0, 12), Buffer.of(0xc0, 12, 0, 1, 0, 1)]))).toMatchObject({ refuse: 1 });
  });

  test("no bytes at all make it, or what answers, throw or grow", () => {
    const valid = message("web.net", { edns: 1232 });
    const bent = fc.tuple(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(valid.length)).map(([changes, length]) => {
      const bytes = Buffer.from(valid);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes.subarray(0, length);
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)), bent), (bytes) => {
        const parsed = parseQuery(bytes);
        if (!parsed || "refuse" in parsed) return;
        expect(parsed.questionEnd).toBeLessThanOrEqual(bytes.length);
        expect(resolveOwn(names, asker, parsed, udpBytes(parsed))?.length ?? 0).toBeLessThanOrEqual(4096);
        expect(answers(parsed, 1, bytes)).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("resolveOwn()", () => {
  test("leaves out what the client cannot take over UDP, and says so", () => {
    const small = resolveOwn(names, asker, query("many"), 512);
    expect(small?.length).toBeLessThanOrEqual(512);
    expect((small?.readUInt16BE(2) ?? 0) & 0x0200).toBe(0x0200);
    const whole = resolveOwn(names, asker, query("many"), 65535);
    expect(whole?.readUInt16BE(6)).toBe(300);
    expect((whole?.readUInt16BE(2) ?? 0) & 0x0200).toBe(0);
  });

  test("orders several addresses anew each time", () => {
    const seen = new Set(Array.from({ length: 50 }, () => resolveOwn(names, asker, query("many"), 65535)?.toString("hex")));
    expect(seen.size).toBeGreaterThan(1);
  });

  test("leaves other classes, the root and labels with a dot inside to others", () => {
    const chaos = message("web");
    chaos.writeUInt16BE(3, chaos.length - 2);
    const parsed = parseQuery(chaos);
    expect(parsed && !("refuse" in parsed) ? resolveOwn(names, asker, parsed, 512) : null).toBeUndefined();
    const dotted = Buffer.concat([message("web").subarray(0, 12), Buffer.from([7]), Buffer.from("web.net"), Buffer.of(0, 0, 1, 0, 1)]);
    const odd = parseQuery(dotted);
    expect(odd && !("refuse" in odd) ? resolveOwn(names, asker, odd, 512) : null).toBeUndefined();
  });
});

test("answers() wants the id and the question, in any case", () => {
  const asked = query("web.example");
  const told = answer(asked, [], 512);
  told.writeUInt16BE(99, 0);
  expect(answers(asked, 99, told)).toBe(true);
  expect(answers(asked, 98, told)).toBe(false);
  expect(answers(asked, 99, Buffer.from(told.toString("latin1").replace("web", "WEB"), "latin1"))).toBe(true);
  expect(answers(asked, 99, Buffer.from(told.toString("latin1").replace("web", "wex"), "latin1"))).toBe(false);
  expect(truncated(asked).readUInt16BE(2) & 0x8200).toBe(0x8200);
});

test("addressOfReverseName() reads both families, and nothing else", () => {
  expect(addressOfReverseName("2.0.18.172.in-addr.arpa")).toBe("172.18.0.2");
  expect(addressOfReverseName(`${"2.".concat("0.".repeat(27), "0.0.d.f.")}ip6.arpa`)).toBe("fd00::2");
  for (const name of ["in-addr.arpa", "1.2.3.in-addr.arpa", "1.2.3.4.5.in-addr.arpa", "a.b.ip6.arpa", "web"]) expect(addressOfReverseName(name)).toBeUndefined();
});

test("resolverServers() takes the first three addresses", () => {
  expect(resolverServers("# x\nnameserver 127.0.0.53\nnameserver name\n search a b\nnameserver ::1\n nameserver 10.0.0.1 # last\nnameserver 10.0.0.2\n")).toEqual(["127.0.0.53", "::1", "10.0.0.1"]);
});
