import type { BuildEvent, BuildWarning, Digest, VertexState } from "../../../spec/mod.ts";

/** One line of a step's output. */
export interface LogLine {
  /** Without its prefix and line end. */
  readonly text: string;
  readonly timeNs: bigint;
}

export interface ShownStatus {
  readonly id: string;
  current: number;
  total: number | undefined;
  startedNs: bigint;
  completedNs: bigint | undefined;
}

/** One vertex as it is shown. */
export interface ShownVertex {
  state: VertexState;
  /** Its number, when it was printed once. */
  number: number;
  readonly statuses: Map<string, ShownStatus>;
  /** Statuses that changed since they were printed. */
  readonly changedStatuses: Set<string>;
  /** Whole lines that were not printed yet. */
  lines: LogLine[];
  /** The line that goes on. */
  partial: LogLine | undefined;
  /** Characters of it that are printed. */
  partialPrinted: number;
  /** The last of all lines, for failures and the tree. */
  readonly last: LogLine[];
  warnings: BuildWarning[];
  /** When it last had its turn, for fairness among those that run. */
  blockSinceMs: number;
  /** What came since. */
  count: number;
}

/** Lines kept of each step for when it fails. */
const KEPT_LINES = 200;
/** A line that never ends is cut. */
const MAX_LINE_CHARACTERS = 16 * 1024;

/** What is known of a build, from its events. */
export class Trace {
  readonly vertices = new Map<Digest, ShownVertex>();
  /** In the order in which they began. */
  readonly started: ShownVertex[] = [];
  readonly warnings: BuildWarning[] = [];
  /** What changed since `takeChanged`. */
  #changed = new Set<ShownVertex>();

  takeChanged(): Set<ShownVertex> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  update(event: BuildEvent): void {
    switch (event.type) {
      case "vertex":
        return this.#updateVertex(event.vertex);
      case "status": {
        const { vertex, id, current, total, startedNs, completedNs } = event;
        return this.#change(vertex, (shown) => {
          shown.statuses.set(id, { id, current, total, startedNs, completedNs });
          shown.changedStatuses.add(id);
        });
      }
      case "log":
        return this.#change(event.vertex, (shown) => addOutput(shown, event.bytes, event.timeNs));
      case "warning":
        this.warnings.push(event.warning);
        if (event.vertex) this.#change(event.vertex, (shown) => void shown.warnings.push(event.warning));
        return;
      default:
        event satisfies never;
    }
  }

  #updateVertex(state: VertexState): void {
    const known = this.vertices.get(state.digest);
    const wasStarted = known?.state.startedNs !== undefined;
    const shown = known ?? newVertex(state);
    if (!known) this.vertices.set(state.digest, shown);
    // One that is announced again begins not anew.
    if (wasStarted && state.startedNs === undefined) return;
    shown.state = state;
    if (state.startedNs === undefined) return;
    if (!wasStarted) this.started.push(shown);
    shown.count++;
    this.#changed.add(shown);
  }

  #change(digest: Digest, change: (shown: ShownVertex) => void): void {
    const shown = this.vertices.get(digest);
    if (!shown) return;
    change(shown);
    shown.count++;
    this.#changed.add(shown);
  }
}

function newVertex(state: VertexState): ShownVertex {
  return { state, number: 0, statuses: new Map(), changedStatuses: new Set(), lines: [], partial: undefined, partialPrinted: 0, last: [], warnings: [], blockSinceMs: Date.now(), count: 0 };
}

/** A carriage return alone begins the line anew, as on a terminal. */
function addOutput(shown: ShownVertex, bytes: Uint8Array, timeNs: bigint): void {
  const pieces = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8").split("\n");
  for (const [index, piece] of pieces.entries()) {
    const before = shown.partial;
    const text = ((before?.text ?? "") + piece).slice(0, MAX_LINE_CHARACTERS);
    const line = { text, timeNs: before?.timeNs ?? timeNs };
    if (index === pieces.length - 1) {
      shown.partial = text === "" ? undefined : line;
      return;
    }
    shown.partial = undefined;
    shown.lines.push(line);
    shown.last.push(line);
    if (shown.last.length > KEPT_LINES) shown.last.shift();
  }
}

export const isRunning = ({ state }: ShownVertex): boolean => state.startedNs !== undefined && state.completedNs === undefined;

/** Seconds between two instants, never below 0. */
export const secondsBetween = (fromNs: bigint, toNs: bigint): number => Math.max(0, Number(toNs - fromNs) / 1e9);

/** BuildKit's `0.482`, `12.34`, `123.4`. */
export function lineTime(startedNs: bigint, timeNs: bigint): string {
  const seconds = secondsBetween(startedNs, timeNs);
  return seconds.toFixed(seconds < 10 ? 3 : seconds < 100 ? 2 : 1);
}

/** What a step prints keeps its colours, and cannot move the cursor or speak to the terminal otherwise. */
export function safeOutput(text: string): string {
  const last = text.replace(/\r+$/, "");
  const shown = last.slice(last.lastIndexOf("\r") + 1);
  // eslint-disable-next-line no-control-regex
  return shown.replace(/\u001b\[[0-9;]*m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (match) => (match.length > 1 ? match : ""));
}
