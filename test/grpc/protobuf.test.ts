/** Protobuf's wire form, and the messages of BuildKit's clients that are read with it. */
import { expect, test } from "bun:test";
import { EngineError } from "../../src/base/mod.ts";
import { readPacket, writePacket, type Packet } from "../../src/build/buildkit/fsutil.ts";
import { readGatewaySolve, readReturn, readSolveRequest } from "../../src/build/buildkit/solve-request.ts";
import { MessageWriter, readEntry, readFields, textOf } from "../../src/grpc/mod.ts";
import { random, seed } from "../seeded-random.ts";

test("fields come as they were written; what is empty is left out", () => {
  const message = new MessageWriter().text(1, "text").text(2, "").number(3, 300).number(4, -1).number(5, 0).map(6, { key: "value" }).instant(7, 1_500_000_000n).finish();
  const fields = [...readFields(message)];
  expect(fields.map(({ number }) => number)).toEqual([1, 3, 4, 6, 7]);
  const [text, number, negative, entry, instant] = fields;
  expect(textOf(text?.bytes ?? new Uint8Array(0))).toBe("text");
  expect([number?.value, negative?.value]).toEqual([300, -1]);
  const { key, value } = readEntry(entry?.bytes ?? new Uint8Array(0));
  expect([key, textOf(value)]).toEqual(["key", "value"]);
  expect([...readFields(instant?.bytes ?? new Uint8Array(0))].map(({ value: part }) => part)).toEqual([1, 500_000_000]);
});

test("a file's entry keeps its kind, its mode with all bits and its time", () => {
  const packets: Packet[] = [
    { kind: "stat", stat: { path: "d/ä", mode: 0o104755, size: 5_000_000_000, mtimeNs: 1_700_000_000_123_456_789n, linkName: "" } },
    { kind: "stat", stat: { path: "d", mode: 0o041777, size: 0, mtimeNs: 0n, linkName: "" } },
    { kind: "stat", stat: { path: "l", mode: 0o120777, size: 0, mtimeNs: 1n, linkName: "d/ä" } },
    { kind: "stat", stat: undefined },
    { kind: "request", id: 7 },
    { kind: "data", id: 0, bytes: Buffer.from("x") },
    { kind: "finish" },
    { kind: "error", message: "no" },
  ];
  for (const packet of packets) expect(readPacket(writePacket(packet))).toEqual(packet);
});

const EXPORTER = new MessageWriter().text(1, "moby").map(2, { name: "a:1,b:2" });
const SOLVE = new MessageWriter().text(1, "ref").text(5, "session").map(7, { filename: "Dockerfile" }).message(8, new MessageWriter().message(4, new MessageWriter().text(1, "inline"))).text(9, "network.host").message(13, EXPORTER).finish();

test("what is asked to be built", () => {
  expect(readSolveRequest(SOLVE)).toEqual({ ref: "ref", session: "session", frontend: "", attrs: { filename: "Dockerfile" }, hasDefinition: false, inputs: new Map(), exporters: [{ type: "moby", attrs: { name: "a:1,b:2" } }], cacheTo: [{ type: "inline", attrs: {} }], cacheFrom: [], entitlements: ["network.host"] });
  const result = new MessageWriter().message(3, new MessageWriter().text(1, "one"));
  expect(readReturn(new MessageWriter().message(1, result).finish())).toEqual({ refs: ["one"], error: undefined });
  expect(readReturn(new MessageWriter().message(2, new MessageWriter().number(1, 2).text(2, "why")).finish())).toEqual({ refs: [], error: "why" });
});

test("whatever comes is read, or refused as the client's fault", () => {
  console.log(`seed ${seed}`);
  const stat = writePacket({ kind: "stat", stat: { path: "a/b", mode: 0o100644, size: 9, mtimeNs: 5n, linkName: "c" } });
  const readers: readonly (readonly [Uint8Array, (bytes: Uint8Array) => unknown])[] = [[stat, readPacket], [SOLVE, readSolveRequest], [SOLVE, readGatewaySolve], [SOLVE, readReturn]];
  for (let round = 0; round < 5000; round++)
    for (const [good, read] of readers) {
      const bytes = Buffer.from(good.subarray(0, 1 + random(good.length)));
      for (let changes = random(4); changes > 0; changes--) bytes[random(bytes.length)] = random(256);
      try {
        read(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
      }
    }
});
