import { describe, expect, test } from "bun:test";
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { readLog, type ReadLogOptions } from "../../src/runtime/logs/read-log.ts";
import { repairLog } from "../../src/runtime/logs/repair-log.ts";
import { encodeLog, frameOf, LogFolder, type Line } from "./log-fixture.ts";

const SECOND = 1_000_000_000n;
const T0 = 1_700_000_000n * SECOND + 1n;

const lines = (count: number): Line[] => Array.from({ length: count }, (_, number) => ({ stream: number % 3 === 2 ? 2 : 1, text: `line ${number}\n`, timeNs: T0 + BigInt(number) * SECOND }));

async function collect(folder: LogFolder, options: Partial<ReadLogOptions> = {}, tty = false): Promise<string> {
  const all: ReadLogOptions = { follow: false, timestamps: false, stdout: true, stderr: true, signal: new AbortController().signal, ended: () => true, ...options };
  const chunks: Uint8Array[] = [];
  for await (const chunk of readLog({ ...folder, path: folder.path, indexPath: folder.indexPath, tty }, all)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("latin1");
}

const framed = (wanted: readonly Line[], prefix = ""): string => wanted.map((line) => frameOf(line.stream, prefix + line.text).toString("latin1")).join("");

function written(all: readonly Line[]): LogFolder {
  const { log, index } = encodeLog(all);
  return new LogFolder().write(log, index);
}

describe("readLog()", () => {
  test("gives the log's own frames", async () => {
    using folder = written(lines(10));
    expect(await collect(folder)).toBe(framed(lines(10)));
  });

  test("gives nothing where there is no log", async () => {
    using folder = new LogFolder();
    expect(await collect(folder)).toBe("");
  });

  test("tail counts messages of both streams, and none is none", async () => {
    using folder = written(lines(10));
    expect(await collect(folder, { tail: 3 })).toBe(framed(lines(10).slice(-3)));
    expect(await collect(folder, { tail: 0 })).toBe("");
    expect(await collect(folder, { tail: 100 })).toBe(framed(lines(10)));
    expect(await collect(folder, { tail: 3, stderr: false })).toBe(framed(lines(10).slice(-3).filter((line) => line.stream === 1)));
  });

  test("tail counts a message in pieces once", async () => {
    const pieces: Line[] = [...lines(3), { stream: 1, text: "a", timeNs: T0 }, { stream: 1, text: "b", timeNs: T0, continues: true }, { stream: 1, text: "c\n", timeNs: T0, continues: true }];
    using folder = written(pieces);
    expect(await collect(folder, { tail: 1 })).toBe(framed(pieces.slice(3)));
    expect(await collect(folder, { tail: 2 })).toBe(framed(pieces.slice(2)));
  });

  test("since and until include their instant", async () => {
    using folder = written(lines(10));
    expect(await collect(folder, { sinceNs: T0 + 4n * SECOND })).toBe(framed(lines(10).slice(4)));
    expect(await collect(folder, { untilNs: T0 + 4n * SECOND })).toBe(framed(lines(10).slice(0, 5)));
    expect(await collect(folder, { sinceNs: T0 + 2n * SECOND, untilNs: T0 + 4n * SECOND })).toBe(framed(lines(10).slice(2, 5)));
    expect(await collect(folder, { sinceNs: T0 + 100n * SECOND })).toBe("");
    expect(await collect(folder, { untilNs: T0 - 1n })).toBe("");
  });

  test("timestamps stand inside the frame, once per message, with nine digits", async () => {
    const some: Line[] = [
      { stream: 1, text: "first\n", timeNs: 1_700_000_000_000_000_001n },
      { stream: 2, text: "sec", timeNs: 1_700_000_000_120_000_000n },
      { stream: 2, text: "ond\n", timeNs: 1_700_000_001_000_000_000n, continues: true },
    ];
    using folder = written(some);
    const expected = [frameOf(1, "2023-11-14T22:13:20.000000001Z first\n"), frameOf(2, "2023-11-14T22:13:20.120000000Z sec"), frameOf(2, "ond\n")];
    expect(await collect(folder, { timestamps: true })).toBe(Buffer.concat(expected).toString("latin1"));
    expect(await collect(folder, { timestamps: true }, true)).toBe("2023-11-14T22:13:20.000000001Z first\n2023-11-14T22:13:20.120000000Z second\n");
  });

  test("a terminal's output is raw", async () => {
    using folder = written(lines(4));
    expect(await collect(folder, {}, true)).toBe("line 0\nline 1\nline 2\nline 3\n");
  });

  test("follows until the end, each frame once", async () => {
    using folder = written(lines(2));
    const { log, index } = encodeLog(lines(6));
    const first = encodeLog(lines(2)).log.length;
    let ended = false;
    const watch = async (end: number): Promise<number> => {
      if (end === first) appendFileSync(folder.path, log.subarray(first)), writeFileSync(folder.indexPath, index);
      else ended = true;
      return log.length;
    };
    expect(await collect(folder, { follow: true, watch, ended: () => ended })).toBe(framed(lines(6)));
  });

  test("follows a frame whose index entry comes late", async () => {
    using folder = written(lines(1));
    const { log, index } = encodeLog(lines(2));
    let asked = 0;
    const watch = async (): Promise<number> => {
      asked += 1;
      if (asked === 1) writeFileSync(folder.path, log);
      if (asked === 2) writeFileSync(folder.indexPath, index);
      return log.length;
    };
    const text = await collect(folder, { follow: true, timestamps: true, watch, ended: () => asked > 3 }, true);
    expect(text).toBe("2023-11-14T22:13:20.000000001Z line 0\n2023-11-14T22:13:21.000000001Z line 1\n");
  });

  test("a follower that gives up ends", async () => {
    using folder = written(lines(2));
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 10);
    expect(await collect(folder, { follow: true, signal: abort.signal, ended: () => false, watch: () => new Promise(() => undefined) })).toBe(framed(lines(2)));
  });

  test("starts at an end seen earlier", async () => {
    using folder = written(lines(5));
    const fromOffset = encodeLog(lines(3)).log.length;
    expect(await collect(folder, { fromOffset })).toBe(framed(lines(5).slice(3)));
  });

  test("a frame cut off at the end is not given, a missing index entry does not hide its frame", async () => {
    using folder = written(lines(5));
    const { log } = encodeLog(lines(5));
    truncateSync(folder.path, log.length - 3);
    expect(await collect(folder)).toBe(framed(lines(4)));
    truncateSync(folder.indexPath, 16 * 2 + 5);
    expect(await collect(folder)).toBe(framed(lines(4)));
    expect(await collect(folder, { tail: 1 })).toBe(framed(lines(4).slice(-1)));
    expect(await collect(folder, { tail: 3 })).toBe(framed(lines(4).slice(-3)));
  });

  test("zeros after a power cut are no frames", async () => {
    using folder = written(lines(5));
    appendFileSync(folder.path, Buffer.alloc(4096));
    appendFileSync(folder.indexPath, Buffer.alloc(4096));
    expect(await collect(folder, { tail: 2 })).toBe(framed(lines(5).slice(-2)));
    expect(await collect(folder, {}, true)).toBe("line 0\nline 1\nline 2\nline 3\nline 4\n");
  });
});

describe("repairLog()", () => {
  test("leaves what a writer may append to", async () => {
    using folder = written(lines(5));
    const { log } = encodeLog(lines(5));
    truncateSync(folder.path, log.length - 3);
    truncateSync(folder.indexPath, 16 * 2 + 5);
    repairLog(folder);
    expect(readFileSync(folder.path, "latin1")).toBe(framed(lines(4)));
    expect(readFileSync(folder.indexPath).length).toBe(16 * 4);
    expect(await collect(folder, { tail: 1 })).toBe(framed(lines(4).slice(-1)));
  });
});

const anyLine = fc.record({
  stream: fc.constantFrom<1 | 2>(1, 2),
  text: fc.oneof({ weight: 20, arbitrary: fc.string({ minLength: 1, maxLength: 40 }) }, { weight: 1, arbitrary: fc.constant("x".repeat(16 * 1024)) }),
  gapNs: fc.bigInt({ min: 0n, max: 3n * SECOND }),
});

function linesOf(raw: readonly { stream: 1 | 2; text: string; gapNs: bigint }[]): Line[] {
  let timeNs = T0;
  return raw.map(({ stream, text, gapNs }) => ({ stream, text: Buffer.from(`${text}\n`).toString("latin1").replace(/[^\x20-\x7e\n]/g, "?"), timeNs: (timeNs += gapNs) }));
}

describe("readLog() for any log", () => {
  test("selects as filtering a list would", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyLine, { maxLength: 120 }), fc.option(fc.nat(150), { nil: undefined }), fc.nat(200), fc.nat(200), fc.boolean(), fc.boolean(), async (raw, tail, since, until, stdout, tty) => {
        const all = linesOf(raw);
        using folder = written(all);
        const sinceNs = T0 + BigInt(since) * SECOND;
        const untilNs = T0 + BigInt(until) * SECOND;
        const expected = (tail === undefined ? all : tail === 0 ? [] : all.slice(-tail)).filter((line) => line.timeNs >= sinceNs && line.timeNs <= untilNs && (stdout || line.stream === 2));
        const text = await collect(folder, { tail, sinceNs, untilNs, stdout }, tty);
        expect(text).toBe(tty ? expected.map((line) => line.text).join("") : framed(expected));
      }),
      { numRuns: 150 },
    );
  });

  test("survives any cut of both files", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyLine, { maxLength: 40 }), fc.nat(), fc.nat(), async (raw, logCut, indexCut) => {
        const all = linesOf(raw);
        const { log, index } = encodeLog(all);
        using folder = new LogFolder().write(log.subarray(0, logCut % (log.length + 1)), index.subarray(0, indexCut % (index.length + 1)));
        const text = await collect(folder);
        expect(framed(all).startsWith(text)).toBe(true);
        repairLog(folder);
        expect(readFileSync(folder.path, "latin1")).toBe(text);
        expect(await collect(folder, { timestamps: true })).toContain(text === "" ? "" : "Z ");
      }),
      { numRuns: 100 },
    );
  });
});
