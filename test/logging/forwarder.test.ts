import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { Forwarder, readPosition, type Destination, type ForwarderOptions } from "../../src/logging/mod.ts";
import { LineAssembler } from "../../src/logging/line-assembler.ts";
import type { LogMessage, WrittenFrame } from "../../src/logging/message.ts";
import { logTag } from "../../src/logging/tag.ts";
import { scratchFolder } from "../scratch.ts";
import { CONTAINER, T0 } from "./fixture.ts";

const frame = (text: string | Uint8Array, stream = 1, timeNs = T0): WrittenFrame => ({ stream, timeNs, payload: Buffer.from(text as string) });
const said = (messages: readonly LogMessage[]): string[] => messages.map(({ line }) => Buffer.from(line).toString("latin1"));

describe("LineAssembler", () => {
  test("puts a line together of what was written bit by bit, per stream, at the time of its end", () => {
    const lines = new LineAssembler();
    expect(lines.push(frame("nol"))).toEqual([]);
    expect(said(lines.push(frame("err\n", 2)))).toEqual(["err"]);
    const [whole] = lines.push(frame(" more\n", 1, T0 + 5n));
    expect([whole?.stream, whole?.timeNs, whole?.partial]).toEqual(["stdout", T0 + 5n, undefined]);
    expect(Buffer.from(whole?.line ?? []).toString()).toBe("nol more");
  });

  test("cuts what is longer than 16 KiB into numbered pieces of one id and one time", () => {
    const lines = new LineAssembler();
    const messages = [16384, 16384, 7232].flatMap((length, number) => lines.push(frame("x".repeat(length) + (number === 2 ? "\n" : ""), 1, T0 + BigInt(number))));
    expect(messages.map(({ line }) => line.length)).toEqual([16384, 16384, 7232]);
    expect(messages.map(({ partial }) => [partial?.ordinal, partial?.last])).toEqual([[1, false], [2, false], [3, true]]);
    expect(new Set(messages.map(({ partial, timeNs }) => `${partial?.id} ${timeNs}`)).size).toBe(1);
  });

  test("loses and adds nothing, however the output was cut and whenever it is saved", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ maxLength: 40 }), fc.boolean(), fc.boolean())), (writes) => {
        let lines = new LineAssembler();
        let text = "";
        for (const [words, ends, saves] of writes) {
          for (const { line, partial } of lines.push(frame(words + (ends ? "\n" : "")))) text += Buffer.from(line).toString() + (!partial || partial.last ? "\n" : "");
          if (!saves) continue;
          const next = new LineAssembler();
          next.restore(JSON.parse(JSON.stringify(lines.save())));
          lines = next;
        }
        for (const { line } of lines.flush(T0)) text += Buffer.from(line).toString();
        expect(text).toBe(writes.map(([words, ends]) => words + (ends ? "\n" : "")).join(""));
      }),
    );
  });
});

test.each([
  ["", "0123456789ab"],
  ["{{.Name}}/{{.FullID}}", `web/${CONTAINER.id}`],
  ["{{.ImageName}} {{.ImageID}} {{.DaemonName}} {{.Hostname}} {{.Command}} {{.ContainerName}}", "busybox sha256:ababa docker vm sh -c echo hi /web"],
  ['{{upper .Name}}{{with index .ContainerLabels "l1"}}-{{.}}{{end}}', "WEB-v1"],
])("a tag of %j", (tag, expected) => {
  expect(logTag(CONTAINER, { tag })).toBe(expected);
});

describe("Forwarder", () => {
  let dir: string;
  beforeEach(() => {
    dir = scratchFolder();
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** A log of frames, each ten places long. */
  const forward = (frames: readonly WrittenFrame[], more: Partial<ForwarderOptions> & Pick<ForwarderOptions, "open">): Forwarder =>
    new Forwarder({
      source: async function* (from, signal) {
        for (let at = from / 10; at < frames.length && !signal.aborted; at++) yield { frames: frames.slice(at, at + 1), end: (at + 1) * 10 };
      },
      positionPath: join(dir, "log.pos"), logEnd: () => frames.length * 10, acknowledged: () => undefined, report: () => undefined, ...more,
    });
  const frames = ["1\n", "2\n", "3", "\n", "4\n"].map((text) => frame(text));

  test("delivers everything in order, and remembers how far", async () => {
    const got: string[] = [];
    const open = async (): Promise<Destination> => ({ write: async (messages) => void got.push(...said(messages)), close: async () => undefined });
    await forward(frames, { open }).finished;
    expect(got).toEqual(["1", "2", "3", "4"]);
    expect(readPosition(join(dir, "log.pos"))?.place).toBe(50);
    await forward(frames, { open }).finished;
    expect(got.length).toBe(4);
  });

  test("goes on behind what was acknowledged, with a line that had begun there", async () => {
    const got: string[] = [];
    const stopping: Forwarder[] = [];
    const open = (most: number) => async (): Promise<Destination> => ({
      write: async (messages) => {
        if (got.length + messages.length > most) {
          void stopping[0]?.stop();
          throw new Error("gone");
        }
        got.push(...said(messages));
      },
      close: async () => undefined,
    });
    stopping.push(forward(frames, { open: open(2) }));
    await stopping[0]?.finished;
    expect(got).toEqual(["1", "2"]);
    expect(readPosition(join(dir, "log.pos"))?.place).toBe(30);
    await forward(frames, { open: open(10) }).finished;
    expect(got).toEqual(["1", "2", "3", "4"]);
  });

  test("tries again with the same lines until they are taken, and says so once", async () => {
    const got: string[] = [];
    const reports: string[] = [];
    let failures = 1;
    const open = async (): Promise<Destination> => {
      if (failures-- > 0) throw new Error("connection refused");
      return { write: async (messages) => void got.push(...said(messages)), close: async () => undefined };
    };
    await forward(frames, { open, report: (sentence) => reports.push(sentence) }).finished;
    expect(got).toEqual(["1", "2", "3", "4"]);
    expect(reports).toEqual(["its destination does not take the log, which waits on the disk: connection refused", "its destination takes the log again"]);
  });

  test("says once that messages are dropped", async () => {
    const reports: string[] = [];
    let dropped = 0;
    const open = async (): Promise<Destination> => ({ write: async () => void dropped++, dropped: () => dropped, close: async () => undefined });
    await forward(frames, { open, report: (sentence) => reports.push(sentence) }).finished;
    expect(reports).toEqual([expect.stringContaining("a line is too long for a datagram")]);
    expect(readPosition(join(dir, "log.pos"))?.place).toBe(50);
  });

  test("stop does not wait for a destination that hangs", async () => {
    const hanging = Promise.withResolvers<void>();
    const open = async (): Promise<Destination> => ({ write: () => (hanging.resolve(), new Promise<void>(() => undefined)), close: async () => undefined });
    const forwarder = forward(frames, { open });
    await hanging.promise;
    await forwarder.stop();
    expect(readPosition(join(dir, "log.pos"))).toBeUndefined();
  });

  test("non-blocking gives up the oldest", async () => {
    const got: string[] = [];
    const open = async (): Promise<Destination> => ({ write: async (messages) => void got.push(...said(messages)), close: async () => undefined });
    await forward(frames, { open, maxUnsentBytes: 20 }).finished;
    expect(got).toEqual(["3", "4"]);
  });

  test("a place that cannot be read is the beginning", () => {
    const path = join(dir, "log.pos");
    for (const text of ["", "{", "[]", '{"place":-1.5,"lines":[]}', '{"place":1,"lines":[{}]}', '{"place":1,"lines":7}']) {
      writeFileSync(path, text);
      expect(readPosition(path)).toBeUndefined();
    }
    expect(readFileSync(path, "utf8")).toContain("7");
  });
});
