import { describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { compressOlder } from "../../src/runtime/logs/compressed.ts";
import { readFrames } from "../../src/runtime/logs/read-frames.ts";
import { readLog, type ReadLogOptions } from "../../src/runtime/logs/read-log.ts";
import { appendFrame, clearLog, prepareLog } from "../../src/runtime/logs/repair-log.ts";
import { logEnd, segmentBases, segmentFiles, trimSegments, type LogFiles } from "../../src/runtime/logs/segments.ts";
import { encodeLog, frameOf, LogFolder, type Line } from "./log-fixture.ts";

const SECOND = 1_000_000_000n;
const T0 = 1_700_000_000n * SECOND + 1n;
const lines = (count: number): Line[] => Array.from({ length: count }, (_, number) => ({ stream: number % 3 === 2 ? 2 : 1, text: `line ${number}\n`, timeNs: T0 + BigInt(number) * SECOND }));

/** A log that the shim has rotated after so many lines each time. */
function rotated(folder: LogFolder, all: readonly Line[], perFile: number): LogFiles {
  let base = 0;
  for (let at = 0; at < all.length || at === 0; at += perFile) {
    const { log, index } = encodeLog(all.slice(at, at + perFile));
    const files = segmentFiles(folder, base);
    writeFileSync(files.path, log);
    writeFileSync(files.indexPath, index);
    base += log.length;
  }
  return folder;
}

async function read(files: LogFiles, options: Partial<ReadLogOptions> = {}): Promise<string> {
  const all: ReadLogOptions = { follow: false, timestamps: false, stdout: true, stderr: true, signal: new AbortController().signal, ended: () => true, ...options };
  const chunks: Uint8Array[] = [];
  for await (const chunk of readLog({ path: files.path, indexPath: files.indexPath, tty: true }, all)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const text = (wanted: readonly Line[]): string => wanted.map((line) => line.text).join("");

describe("a log of several files", () => {
  test("reads as the same log in one file, whatever is asked for", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 10 }), fc.option(fc.integer({ min: 0, max: 35 }), { nil: undefined }), fc.option(fc.integer({ min: -2, max: 32 }), { nil: undefined }), fc.option(fc.integer({ min: -2, max: 32 }), { nil: undefined }), fc.boolean(), async (count, perFile, tail, since, until, timestamps) => {
        using parts = new LogFolder();
        using whole = new LogFolder();
        const all = lines(count);
        rotated(parts, all, perFile);
        const { log, index } = encodeLog(all);
        whole.write(log, index);
        const options = { tail, timestamps, sinceNs: since === undefined ? undefined : T0 + BigInt(since) * SECOND, untilNs: until === undefined ? undefined : T0 + BigInt(until) * SECOND };
        expect(await read(parts, options)).toBe(await read(whole, options));
      }),
      { numRuns: 60 },
    );
  });

  test("compressed files read the same, and a second round does nothing more", async () => {
    using folder = new LogFolder();
    rotated(folder, lines(20), 6);
    await compressOlder(folder);
    await compressOlder(folder);
    expect(readdirSync(folder.dir).filter((name) => name.endsWith(".gz")).length).toBe(3);
    expect(await read(folder)).toBe(text(lines(20)));
    expect(await read(folder, { tail: 12 })).toBe(text(lines(20).slice(8)));
    expect(readdirSync(folder.dir).some((name) => name.endsWith(".new"))).toBe(false);
  });

  test("what rotation has removed is passed over", async () => {
    using folder = new LogFolder();
    rotated(folder, lines(20), 5);
    const [first = 0, second = 0] = segmentBases(folder);
    rmSync(segmentFiles(folder, second).path);
    rmSync(segmentFiles(folder, second).indexPath);
    expect(await read(folder)).toBe(text([...lines(20).slice(0, 5), ...lines(20).slice(10)]));
    trimSegments(folder, Infinity, 1);
    expect(segmentBases(folder).length).toBe(1);
    expect(await read(folder, { fromOffset: first })).toBe(text(lines(20).slice(15)));
  });

  test("a follower goes on in the next file when its own is full", async () => {
    using folder = new LogFolder();
    rotated(folder, lines(4), 4);
    const end = logEnd(folder);
    let asked = 0;
    let over = false;
    const watch = async (from: number): Promise<number> => {
      asked += 1;
      const { log, index } = encodeLog(lines(8).slice(4));
      const next = segmentFiles(folder, end);
      if (asked === 1) {
        expect(from).toBe(end);
        writeFileSync(next.path, log);
        writeFileSync(next.indexPath, index);
      } else over = true;
      return end + log.length;
    };
    expect(await read(folder, { follow: true, watch, ended: () => over })).toBe(text(lines(8)));
  });

  test("frames come with their times and the place behind them", async () => {
    using folder = new LogFolder();
    rotated(folder, lines(10), 4);
    const batches = await Array.fromAsync(readFrames(folder, { follow: false, signal: new AbortController().signal, ended: () => true }));
    expect(batches.flatMap(({ frames }) => frames.map(({ timeNs }) => timeNs))).toEqual(lines(10).map((line) => line.timeNs));
    expect(batches.at(-1)?.end).toBe(logEnd(folder));
    const after = await Array.fromAsync(readFrames(folder, { follow: false, fromOffset: batches[1]?.end ?? 0, signal: new AbortController().signal, ended: () => true }));
    expect(after.flatMap(({ frames }) => frames).length).toBe(2);
  });
});

describe("prepareLog()", () => {
  test("repairs the newest file, removes what is too much and what a crash left alone", async () => {
    using folder = new LogFolder();
    rotated(folder, lines(20), 5);
    const bases = segmentBases(folder);
    const newest = segmentFiles(folder, bases.at(-1) ?? 0);
    appendFileSync(newest.path, frameOf(1, "torn\n").subarray(0, 9));
    truncateSync(newest.indexPath, 16 * 4 + 3);
    writeFileSync(`${folder.indexPath}.999999`, "");
    writeFileSync(`${folder.path}.5.gz.1-0.new`, "");
    expect(prepareLog(folder, 2)).toEqual(bases.slice(-2));
    expect(readdirSync(folder.dir).length).toBe(4);
    expect(await read(folder)).toBe(text(lines(20).slice(10)));
  });

  test("a file that was begun without its index, and one that nothing was written to, are continued", async () => {
    using folder = new LogFolder();
    rotated(folder, lines(5), 5);
    const end = logEnd(folder);
    writeFileSync(segmentFiles(folder, end).path, "");
    expect(await read(folder)).toBe(text(lines(5)));
    writeFileSync(segmentFiles(folder, end).path, frameOf(1, "no index\n"));
    expect(await read(folder, { timestamps: true })).toEndWith("no index\n");
    expect(await read(folder, { tail: 2 })).toBe(`${text(lines(5).slice(4))}no index\n`);
    writeFileSync(segmentFiles(folder, end).path, "");
    expect(prepareLog(folder)).toEqual([0, end]);
    appendFrame(folder, 2, "last words\n", T0);
    expect(await read(folder)).toBe(`${text(lines(5))}last words\n`);
  });
});

test("clearLog() empties the log, and places stay what they were", async () => {
  using folder = new LogFolder();
  rotated(folder, lines(10), 4);
  const end = logEnd(folder);
  clearLog(folder);
  expect(await read(folder)).toBe("");
  expect(logEnd(folder)).toBe(end);
  appendFrame(folder, 1, "new\n", T0);
  expect(await read(folder, { fromOffset: end })).toBe("new\n");
  clearLog(folder);
  clearLog(folder);
  expect(segmentBases(folder).length).toBe(1);
  expect(existsSync(folder.path)).toBe(false);
});
