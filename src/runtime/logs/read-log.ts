import { CHUNK_BYTES, FrameLog, RENDERED_CHUNK_BYTES, type LogFiles } from "./frame-log.ts";
import { FrameRenderer, isPlain, type Rendering } from "./frame-renderer.ts";

/** Between two looks at a log whose index lags behind what the writer announced. */
const INDEX_LAG_MS = 5;

export interface ReadLogOptions extends Omit<Rendering, "tty"> {
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
}

/**
 * What a client of `logs` or `attach` receives: Docker's multiplexed frames, or a terminal's raw bytes. Bytes are
 * read from the file as the consumer takes them: a slow one holds back nobody, and costs one chunk of memory.
 */
export async function* readLog(files: LogFiles & { readonly tty: boolean }, options: ReadLogOptions): AsyncGenerator<Uint8Array> {
  using log = await openWhenThere(files, options);
  if (!log) return;
  const rendering: Rendering = { tty: files.tty, timestamps: options.timestamps, stdout: options.stdout, stderr: options.stderr };
  const renderer = isPlain(rendering) ? undefined : new FrameRenderer(rendering, log.index);
  let position: number | undefined;
  let lagging = false;
  while (!options.signal.aborted) {
    const done = !options.follow || !options.watch || options.ended();
    const size = log.refresh();
    // A frame's time is in the index, which is written after the log: of a log that still grows, only what is indexed counts.
    const complete: number = options.timestamps && !done && !lagging ? log.indexedEnd(size) : log.unindexed(size).end;
    const limit = options.untilNs === undefined ? undefined : firstAfter(log, options.untilNs);
    const before: number = position ?? startOf(log, size, options);
    position = before;
    for await (const piece of pieces(log, renderer, before, Math.min(complete, limit ?? complete))) {
      position = piece.end;
      if (piece.bytes.length > 0) yield piece.bytes;
      if (options.signal.aborted) return;
    }
    if (done || limit !== undefined) return;
    await grownOrAborted(options, position);
    lagging = position === before && !options.ended();
    if (lagging) await Bun.sleep(INDEX_LAG_MS);
  }
}

async function* pieces(log: FrameLog, renderer: FrameRenderer | undefined, from: number, to: number): AsyncGenerator<{ bytes: Uint8Array; end: number }> {
  const chunkBytes = renderer ? RENDERED_CHUNK_BYTES : CHUNK_BYTES;
  while (from < to) {
    const chunk = await log.read(from, Math.min(chunkBytes, to - from));
    if (chunk.length === 0) return;
    if (!renderer) {
      from += chunk.length;
      yield { bytes: chunk, end: from };
      continue;
    }
    const { bytes, consumed } = renderer.render(chunk, from);
    if (consumed === 0) return;
    from += consumed;
    yield { bytes, end: from };
  }
}

/** Where the first wanted message begins. Docker counts `tail` first and then drops what is older than `since`. */
function startOf(log: FrameLog, size: number, { fromOffset, tail, sinceNs }: ReadLogOptions): number {
  if (fromOffset !== undefined) return fromOffset;
  const starts = [0];
  if (tail !== undefined) starts.push(tailStart(log, size, tail));
  if (sinceNs !== undefined) starts.push(entryOffset(log, size, log.index.first((entry) => log.index.timeNs(entry) >= sinceNs)));
  return Math.max(...starts);
}

function tailStart(log: FrameLog, size: number, messages: number): number {
  const { offsets, end } = log.unindexed(size);
  if (messages === 0) return end;
  const behindIndex = offsets[offsets.length - messages];
  if (behindIndex !== undefined) return behindIndex;
  return entryOffset(log, size, log.index.back(messages - offsets.length).entry);
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

async function openWhenThere(files: LogFiles, options: ReadLogOptions): Promise<FrameLog | undefined> {
  for (;;) {
    const done = !options.follow || !options.watch || options.ended();
    const log = FrameLog.open(files);
    if (log || done || options.signal.aborted) return log;
    await grownOrAborted(options, 0);
    if (!options.signal.aborted) await Bun.sleep(INDEX_LAG_MS);
  }
}

/** Not Promise.race: every race would leave a reaction on the one promise of the abortion, for as long as the log is followed. */
function grownOrAborted({ watch, signal }: ReadLogOptions, end: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      signal.removeEventListener("abort", wake);
      resolve();
    };
    if (signal.aborted || !watch) return wake();
    signal.addEventListener("abort", wake);
    watch(end).then(wake, wake);
  });
}
