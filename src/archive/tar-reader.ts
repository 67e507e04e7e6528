import { checkSparse, parseHeader, text, type HeaderExtension } from "./header.ts";
import type { SparseRun, TarEntry, TarEvent } from "./entry.ts";
import { DEFAULT_LIMITS, type TarLimits } from "./limits.ts";
import { latin1, parsePax, type PaxRecords } from "./pax.ts";
import { BLOCK, checksumHolds, malformed, parseDecimal, parseNumber } from "./tar-numbers.ts";

type ParsedHeader = ReturnType<typeof parseHeader>;

/** What the coming bytes are. */
type State =
  | { readonly at: "header" }
  | { readonly at: "extended"; readonly typeFlag: string; readonly bytes: Uint8Array; filled: number }
  | { readonly at: "oldSparse"; readonly header: ParsedHeader; readonly runs: SparseRun[]; readonly realSize: number }
  | { readonly at: "sparseMap"; readonly header: ParsedHeader; text: string; lines: number; taken: number }
  | { readonly at: "data"; left: number }
  | { readonly at: "padding"; left: number }
  | { readonly at: "finished" };

/**
 * Reads a tar archive (ustar, GNU, pax; sparse files of GNU old, 0.0, 0.1 and 1.0) from chunks of any size.
 *
 *   for await (const chunk of stream) for (const event of reader.push(chunk)) …
 *   reader.finish();
 *
 * Holds at most one block and one extended header in memory. @throws EngineError InvalidParameter
 */
export class TarReader {
  #state: State = { at: "header" };
  readonly #block = new Uint8Array(BLOCK);
  #blockFilled = 0;
  #padding = 0;
  #zeroBlocks = 0;
  #entries = 0;
  #totalBytes = 0;
  #global: PaxRecords = [];
  #local: PaxRecords = [];
  #longName: string | undefined;
  #longLink: string | undefined;
  #specialHeaders = 0;

  constructor(readonly limits: TarLimits = DEFAULT_LIMITS) {}

  get entries(): number {
    return this.#entries;
  }

  /** Whether the archive's end mark was read; what follows it is ignored. */
  get finished(): boolean {
    return this.#state.at === "finished";
  }

  *push(chunk: Uint8Array): Generator<TarEvent, void, void> {
    let offset = 0;
    while (offset < chunk.length) {
      const state = this.#state;
      switch (state.at) {
        case "finished":
          return;
        case "data": {
          const bytes = chunk.subarray(offset, offset + state.left);
          offset += bytes.length;
          state.left -= bytes.length;
          const complete = state.left === 0;
          if (complete) this.#toPadding();
          yield { kind: "data", bytes };
          if (complete) yield { kind: "end" };
          break;
        }
        case "padding": {
          const skipped = Math.min(state.left, chunk.length - offset);
          offset += skipped;
          state.left -= skipped;
          if (state.left === 0) this.#state = { at: "header" };
          break;
        }
        case "extended": {
          const part = chunk.subarray(offset, offset + state.bytes.length - state.filled);
          state.bytes.set(part, state.filled);
          state.filled += part.length;
          offset += part.length;
          if (state.filled === state.bytes.length) this.#takeExtended(state.typeFlag, state.bytes);
          break;
        }
        case "header":
        case "oldSparse":
        case "sparseMap": {
          const whole = this.#blockFilled === 0 && chunk.length - offset >= BLOCK;
          const block = whole ? chunk.subarray(offset, offset + BLOCK) : this.#fillBlock(chunk, offset);
          offset += whole ? BLOCK : block ? this.#lastFill : chunk.length - offset;
          if (block) yield* this.#takeBlock(state, block);
          break;
        }
        default:
          state satisfies never;
      }
    }
  }

  /** To be called at the end of the stream. @throws EngineError InvalidParameter when the archive stops too early */
  finish(): void {
    const state = this.#state;
    if (state.at === "finished") return;
    // A missing end mark is forgiven, and so is the last entry's padding, as Go and GNU tar do: the docker client leaves both out of contexts whose Dockerfile lies elsewhere.
    const whole = state.at === "padding" ? state.left === this.#padding : state.at === "header" && this.#blockFilled === 0;
    if (!whole || this.#specialHeaders > 0) throw malformed("it ends in the middle of an entry");
  }

  #lastFill = 0;

  #fillBlock(chunk: Uint8Array, offset: number): Uint8Array | undefined {
    const part = chunk.subarray(offset, offset + BLOCK - this.#blockFilled);
    this.#block.set(part, this.#blockFilled);
    this.#blockFilled += part.length;
    this.#lastFill = part.length;
    if (this.#blockFilled < BLOCK) return undefined;
    this.#blockFilled = 0;
    return this.#block;
  }

  #takeBlock(state: Extract<State, { at: "header" | "oldSparse" | "sparseMap" }>, block: Uint8Array): TarEvent[] {
    if (state.at === "header") return this.#takeHeader(block);
    if (state.at === "oldSparse") {
      readOldSparse(block, 0, 21, state.runs, this.limits);
      return block[504] === 0 || block[504] === undefined ? this.#begin(state.header, state.header.storedSize, state.runs, state.realSize) : [];
    }
    return this.#takeSparseMap(state, block);
  }

  #takeHeader(block: Uint8Array): TarEvent[] {
    if (isZero(block)) {
      if (++this.#zeroBlocks === 2) this.#state = { at: "finished" };
      return [];
    }
    if (this.#zeroBlocks > 0) throw malformed("an entry follows a block of zeros");
    if (!checksumHolds(block)) throw malformed("invalid tar header");
    const typeFlag = String.fromCharCode(block[156] as number);
    if ("gxLKX".includes(typeFlag)) {
      this.#startExtended(typeFlag, block);
      return [];
    }
    const header = parseHeader(block, this.#takeExtension(), this.limits);
    if (++this.#entries > this.limits.entries) throw malformed(`it has more than ${this.limits.entries} entries`);
    return this.#startEntry(header, block);
  }

  #startExtended(typeFlag: string, block: Uint8Array): void {
    const size = parseNumber(block, 124, 12);
    if (size < 0 || size > this.limits.extendedHeaderBytes) throw malformed("an extended header is too long");
    if (++this.#specialHeaders > 16) throw malformed("too many extended headers in a row");
    this.#padding = paddingOf(size);
    if (size === 0) return;
    this.#state = { at: "extended", typeFlag, bytes: new Uint8Array(size), filled: 0 };
  }

  #takeExtended(typeFlag: string, bytes: Uint8Array): void {
    if (typeFlag === "g") this.#global = mergeGlobal(this.#global, parsePax(bytes), this.limits);
    else if (typeFlag === "x" || typeFlag === "X") this.#local = parsePax(bytes);
    else if (typeFlag === "L") this.#longName = text(bytes, 0, bytes.length);
    else this.#longLink = text(bytes, 0, bytes.length);
    if (typeFlag === "g") this.#specialHeaders--;
    this.#toPadding();
  }

  #takeExtension(): HeaderExtension {
    const extension = { longName: this.#longName, longLink: this.#longLink, global: this.#global, local: this.#local };
    this.#longName = undefined;
    this.#longLink = undefined;
    this.#local = [];
    this.#specialHeaders = 0;
    return extension;
  }

  #startEntry(header: ParsedHeader, block: Uint8Array): TarEvent[] {
    this.#padding = paddingOf(header.storedSize);
    if (header.typeFlag === "S") {
      const runs: SparseRun[] = [];
      readOldSparse(block, 386, 4, runs, this.limits);
      const realSize = parseNumber(block, 483, 12);
      if (block[482] === 0) return this.#begin(header, header.storedSize, runs, realSize);
      this.#state = { at: "oldSparse", header, runs, realSize };
      return [];
    }
    if (header.kind !== "file") return this.#begin(header, header.storedSize);
    if (header.pax.get("GNU.sparse.major") === "1") {
      this.#state = { at: "sparseMap", header, text: "", lines: 0, taken: 0 };
      return [];
    }
    const map = header.pax.get("GNU.sparse.map");
    if (map !== undefined) return this.#begin(header, header.storedSize, runsOf(map.split(","), this.limits), parseDecimal(header.pax.get("GNU.sparse.size") ?? ""));
    if (header.pax.has("GNU.sparse.offset")) throw malformed("sparse files of format 0.0 are not supported");
    return this.#begin(header, header.storedSize);
  }

  /** Format 1.0 keeps its map as decimal lines in front of the data: count, then offset and length of each run. */
  #takeSparseMap(state: Extract<State, { at: "sparseMap" }>, block: Uint8Array): TarEvent[] {
    const part = latin1(block);
    state.text += part;
    state.lines += part.split("\n").length - 1;
    state.taken += BLOCK;
    if (state.taken > state.header.storedSize || state.taken > this.limits.extendedHeaderBytes * 4) throw malformed("a sparse file's map is too long");
    const count = /^([0-9]{1,7})\n/.exec(state.text)?.[1];
    if (count === undefined) throw malformed("a sparse file's map is malformed");
    const needed = 1 + 2 * Number(count);
    if (needed > this.limits.sparseRuns * 2) throw malformed("a sparse file's map is too long");
    if (state.lines < needed) return [];
    const lines = state.text.split("\n");
    const realSize = parseDecimal(state.header.pax.get("GNU.sparse.realsize") ?? "");
    return this.#begin(state.header, state.header.storedSize - state.taken, runsOf(lines.slice(1, needed), this.limits), realSize);
  }

  #begin(header: ParsedHeader, storedSize: number, sparse?: readonly SparseRun[], realSize = storedSize): TarEvent[] {
    if (sparse) checkSparse(sparse, realSize, storedSize);
    this.#totalBytes += Math.max(realSize, storedSize);
    if (this.#totalBytes > this.limits.totalBytes) throw malformed("its files are too large");
    const { typeFlag: _, pax: __, ...fields } = header;
    const entry: TarEntry = { ...fields, storedSize, size: realSize, ...(sparse && { sparse }) };
    if (storedSize > 0) {
      this.#state = { at: "data", left: storedSize };
      return [{ kind: "entry", entry }];
    }
    this.#toPadding();
    return [{ kind: "entry", entry }, { kind: "end" }];
  }

  #toPadding(): void {
    this.#state = this.#padding === 0 ? { at: "header" } : { at: "padding", left: this.#padding };
  }
}

function paddingOf(size: number): number {
  const over = size % BLOCK;
  return over === 0 ? 0 : BLOCK - over;
}

function isZero(block: Uint8Array): boolean {
  for (let index = 0; index < BLOCK; index++) if (block[index] !== 0) return false;
  return true;
}

function readOldSparse(block: Uint8Array, start: number, count: number, runs: SparseRun[], limits: TarLimits): void {
  for (let index = 0; index < count; index++) {
    const at = start + index * 24;
    if (block[at] === 0) return;
    runs.push({ offset: parseNumber(block, at, 12), length: parseNumber(block, at + 12, 12) });
    if (runs.length > limits.sparseRuns) throw malformed("a sparse file's map is too long");
  }
}

function runsOf(numbers: readonly string[], limits: TarLimits): SparseRun[] {
  if (numbers.length % 2 !== 0 || numbers.length > limits.sparseRuns * 2) throw malformed("a sparse file's map is malformed");
  const runs: SparseRun[] = [];
  for (let index = 0; index < numbers.length; index += 2) runs.push({ offset: parseDecimal(numbers[index] ?? ""), length: parseDecimal(numbers[index + 1] ?? "") });
  return runs;
}

/** Global records add up over the archive; bounded, since every entry looks at them. */
function mergeGlobal(old: PaxRecords, added: PaxRecords, limits: TarLimits): PaxRecords {
  const merged = [...new Map([...old, ...added])];
  if (merged.reduce((sum, [key, value]) => sum + key.length + value.length, 0) > limits.extendedHeaderBytes) throw malformed("its global headers are too long");
  return merged;
}
