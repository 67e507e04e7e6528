import { existsSync } from "node:fs";
import { openCompressed } from "./compressed.ts";
import { FrameLog } from "./frame-log.ts";
import { segmentBases, segmentFiles, type LogFiles } from "./segments.ts";

/** Between two looks at a log whose index lags behind what the writer announced. */
const INDEX_LAG_MS = 5;
const INDEX_TRIES = 20;

export interface WalkOptions {
  /** Goes on until `ended`. */
  readonly follow: boolean;
  /** The last so many messages; undefined: all. */
  readonly tail?: number | undefined;
  /** Messages at or after. */
  readonly sinceNs?: bigint | undefined;
  /** Messages at or before. */
  readonly untilNs?: bigint | undefined;
  /** Start at this frame boundary (a log end seen earlier) instead. */
  readonly fromOffset?: number | undefined;
  readonly signal: AbortSignal;
  /** Resolves with the log's size once it is past `end`, or when nothing more will be written. Without it nothing is followed. */
  readonly watch?: ((end: number) => Promise<number>) | undefined;
  /** Nothing more will be written. */
  readonly ended: () => boolean;
  /** Told the place behind each piece that was taken. */
  readonly passed?: ((place: number) => void) | undefined;
}

/** What one file's bytes are made into, piece by piece and in order. */
export interface PieceReader<T> {
  readonly chunkBytes: number;
  /** `chunk` lies at `offset` of the file. `consumed` 0: no whole frame. */
  take(chunk: Uint8Array, offset: number): { readonly value: T; readonly consumed: number };
}

export interface Piece<T> {
  readonly value: T;
  /** The place in the whole log behind it. */
  readonly end: number;
}

export interface Walk<T> {
  /** A reader for the frames of one more file. */
  readonly reader: (log: FrameLog) => PieceReader<T>;
  /** Frames without an index entry wait for it while the log still grows. */
  readonly needsIndex: boolean;
}

/** Goes through a log from where `options` say to its end, or along with its writer, over the borders of its files. */
export async function* walkLog<T>(files: LogFiles, options: WalkOptions, walk: Walk<T>): AsyncGenerator<Piece<T>> {
  let place = await startOf(files, options);
  while (place && !options.signal.aborted) {
    const { log, base, offset }: Place = place;
    using opened = log;
    const next: "over" | "next" = yield* walkSegment(files, { log: opened, base, offset }, walk, options);
    if (next === "over") return;
    place = await segmentAfter(files, base, base + opened.refresh(), options);
  }
}

interface Place {
  readonly log: FrameLog;
  readonly base: number;
  /** Of this file. */
  readonly offset: number;
}

async function* walkSegment<T>(files: LogFiles, { log, base, offset }: Place, walk: Walk<T>, options: WalkOptions): AsyncGenerator<Piece<T>, "over" | "next"> {
  const reader = walk.reader(log);
  let position = offset;
  let lagging = false;
  let announced = 0;
  while (!options.signal.aborted) {
    const before: number = position;
    const done = !options.follow || !options.watch || options.ended();
    const seen = log.refresh();
    const sealed = (done || announced > base + seen) && hasLater(files, base, seen);
    // Again: it may have grown before it got a successor, and does not any more.
    const size = sealed ? log.refresh() : seen;
    // A frame's time is in the index, which is written after the log: of a log that still grows, only what is indexed counts.
    const complete = walk.needsIndex && !done && !lagging && !sealed ? log.indexedEnd(size) : log.unindexed(size).end;
    const limit = options.untilNs === undefined ? undefined : firstAfter(log, options.untilNs);
    for await (const { value, end } of pieces(log, reader, position, Math.min(complete, limit ?? complete))) {
      position = end;
      yield { value, end: base + end };
      options.passed?.(base + end);
      if (options.signal.aborted) return "over";
    }
    if (limit !== undefined) return "over";
    if (sealed) return "next";
    if (done) return "over";
    announced = await grownOrAborted(options, base + position);
    lagging = position === before && !options.ended();
    if (lagging) await Bun.sleep(INDEX_LAG_MS);
  }
  return "over";
}

async function* pieces<T>(log: FrameLog, reader: PieceReader<T>, from: number, to: number): AsyncGenerator<Piece<T>> {
  while (from < to) {
    const chunk = await log.read(from, Math.min(reader.chunkBytes, to - from));
    if (chunk.length === 0) return;
    const { value, consumed } = reader.take(chunk, from);
    if (consumed === 0) return;
    from += consumed;
    yield { value, end: from };
  }
}

/** The next file is named for the end of this one; only where rotation has removed that is the folder searched. */
function hasLater(files: LogFiles, base: number, size: number): boolean {
  return (size > 0 && existsSync(segmentFiles(files, base + size).path)) || (segmentBases(files).at(-1) ?? 0) > base;
}

/** The next file that is still there; one that rotation removes while we look is passed over. */
async function segmentAfter(files: LogFiles, base: number, end: number, { signal }: WalkOptions): Promise<Place | undefined> {
  const expected = end > base ? FrameLog.open(segmentFiles(files, end)) : undefined;
  if (expected) return { log: expected, base: end, offset: 0 };
  for (let next = laterThan(files, base); next !== undefined && !signal.aborted; next = laterThan(files, next)) {
    const log = await openSegment(files, next);
    if (log) return { log, base: next, offset: 0 };
  }
  return undefined;
}

function laterThan(files: LogFiles, base: number): number | undefined {
  return segmentBases(files).find((candidate) => candidate > base);
}

/** Undefined when it is gone. A file that was just begun gets its index in a moment; one that a crash left without is read without. */
async function openSegment(files: LogFiles, base: number): Promise<FrameLog | undefined> {
  const segment = segmentFiles(files, base);
  const unindexed = { ...segment, indexPath: "/dev/null" };
  for (let tries = 0; tries < INDEX_TRIES; tries++) {
    const log = FrameLog.open(segment);
    if (log) return log;
    const frames = await openCompressed(files, base);
    if (frames !== undefined) return FrameLog.open(existsSync(segment.indexPath) ? segment : unindexed, frames);
    if (!existsSync(segment.path)) return undefined;
    await Bun.sleep(INDEX_LAG_MS);
  }
  return FrameLog.open(unindexed);
}

/** Where the first wanted message begins; waits for a log that is to be followed. */
async function startOf(files: LogFiles, options: WalkOptions): Promise<Place | undefined> {
  for (;;) {
    const done = !options.follow || !options.watch || options.ended();
    const bases = segmentBases(files);
    const place = await firstWanted(files, bases, options);
    if (place || options.signal.aborted || (done && bases.length === 0)) return place;
    // Rotation has removed what was there.
    if (done) continue;
    await grownOrAborted(options, bases.at(-1) ?? 0);
    if (!options.signal.aborted) await Bun.sleep(INDEX_LAG_MS);
  }
}

async function firstWanted(files: LogFiles, bases: readonly number[], options: WalkOptions): Promise<Place | undefined> {
  const { fromOffset, tail, sinceNs } = options;
  if (fromOffset !== undefined || (tail === undefined && sinceNs === undefined)) {
    const base = bases.findLast((candidate) => candidate <= (fromOffset ?? 0)) ?? bases[0];
    const log = base === undefined ? undefined : await openSegment(files, base);
    return log && base !== undefined ? { log, base, offset: Math.max(0, (fromOffset ?? 0) - base) } : undefined;
  }
  return await backTo(files, bases, options);
}

/** From the newest file back. Docker counts `tail` first and then drops what is older than `since`. */
async function backTo(files: LogFiles, bases: readonly number[], { tail, sinceNs }: WalkOptions): Promise<Place | undefined> {
  let missing = tail ?? Infinity;
  let last: Place | undefined;
  for (const base of bases.toReversed()) {
    const log = await openSegment(files, base);
    if (!log) break;
    last?.log[Symbol.dispose]();
    const size = log.refresh();
    const since = sinceNs === undefined ? 0 : entryOffset(log, size, log.index.first((entry) => log.index.timeNs(entry) >= sinceNs));
    const back = missing === Infinity ? { offset: 0, missing } : tailStart(log, size, missing);
    last = { log, base, offset: Math.max(since, back.offset) };
    if (since > 0 || back.missing === 0) break;
    missing = back.missing;
  }
  return last;
}

function tailStart(log: FrameLog, size: number, messages: number): { offset: number; missing: number } {
  const { offsets, end } = log.unindexed(size);
  if (messages === 0) return { offset: end, missing: 0 };
  const behindIndex = offsets[offsets.length - messages];
  if (behindIndex !== undefined) return { offset: behindIndex, missing: 0 };
  const { entry, missing } = log.index.back(messages - offsets.length);
  return { offset: entryOffset(log, size, entry), missing };
}

/** The offset of an entry's frame; of the first unindexed frame for the entry behind the last. */
function entryOffset(log: FrameLog, size: number, entry: number): number {
  return entry < log.index.count ? log.index.offset(entry) : log.indexedEnd(size);
}

/** The offset of the first message after an instant; undefined when there is none yet. */
function firstAfter(log: FrameLog, instantNs: bigint): number | undefined {
  const entry = log.index.first((candidate) => log.index.timeNs(candidate) > instantNs);
  return entry < log.index.count ? log.index.offset(entry) : undefined;
}

/** Not Promise.race: every race would leave a reaction on the one promise of the abortion, for as long as the log is followed. */
function grownOrAborted({ watch, signal }: WalkOptions, end: number): Promise<number> {
  return new Promise((resolve) => {
    const wake = (announced?: unknown): void => {
      signal.removeEventListener("abort", wake);
      resolve(typeof announced === "number" ? announced : 0);
    };
    if (signal.aborted || !watch) return wake();
    signal.addEventListener("abort", wake);
    watch(end).then(wake, wake);
  });
}
