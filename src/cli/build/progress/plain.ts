import type { BuildEvent } from "../../../spec/mod.ts";
import { nowNs } from "../../../base/mod.ts";
import { printable } from "../../output.ts";
import { sizeText } from "./bytes.ts";
import type { Display } from "./display.ts";
import { isRunning, lineTime, safeOutput, secondsBetween, Trace, type ShownStatus, type ShownVertex } from "./trace.ts";

const INTERVAL_MS = 100;
/** A step whose output waits for so long has its turn. */
const MAX_DELAY_MS = 10_000;
/** Between two lines about one thing that goes on, unless it came so much further. */
const STATUS_INTERVAL_MS = 5000;
const STATUS_SHARE = 0.05;
/** So long a step keeps its turn among others as busy. */
const ANTI_FLICKER_MS = 5000;

/** `#N` lines, as BuildKit prints them: one step at a time, finished ones first, and turns among those that run. */
export class PlainDisplay implements Display {
  readonly trace = new Trace();
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #numbers = 0;
  #current: ShownVertex | undefined;
  #printed = false;
  /** Printed with the first event: what cannot even begin is told without it. */
  #header: string | undefined;
  #midLine = false;
  readonly #lastStatus = new Map<string, { readonly timeMs: number; readonly current: number }>();

  /** @param header printed in front of everything; undefined: nothing */
  constructor(write: (text: string) => void, header: string | undefined, now: () => number = Date.now) {
    this.#write = write;
    this.#now = now;
    this.#header = header;
  }

  show(event: BuildEvent): void {
    if (this.#header !== undefined) {
      this.#write(`#0 ${this.#header}\n`);
      this.#header = undefined;
      this.#printed = true;
    }
    this.trace.update(event);
    this.#timer ??= setTimeout(() => this.flush(), INTERVAL_MS);
  }

  finish(): void {
    this.flush();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const changed = [...this.trace.takeChanged()].filter(({ state }) => state.startedNs !== undefined);
    const completed = changed.filter(({ state }) => state.completedNs !== undefined);
    const rest = changed.filter(({ state }) => state.completedNs === undefined);
    const current = this.#current;
    const ended = current !== undefined && completed.includes(current);
    if (current && ended) this.#print(current);
    for (const vertex of completed.sort((a, b) => this.#order(a) - this.#order(b))) if (vertex !== current) this.#print(vertex);
    if (rest.length > 0) return this.#printRunning(rest, current, ended);
    if (current && isRunning(current) && this.#current === current) return;
    const open = this.trace.started.find(isRunning);
    if (open) this.#print(open);
  }

  #order(vertex: ShownVertex): number {
    return this.trace.started.indexOf(vertex);
  }

  #printRunning(rest: ShownVertex[], current: ShownVertex | undefined, ended: boolean): void {
    if (current && rest.includes(current)) this.#print(current);
    const candidates = current && !ended ? [...new Set([...rest, current])] : rest;
    const now = this.#now();
    const speed = ({ count, blockSinceMs }: ShownVertex): number => count / Math.max(1, now - blockSinceMs);
    const isLate = (vertex: ShownVertex): boolean => now - vertex.blockSinceMs > MAX_DELAY_MS && vertex !== current;
    const busiest = candidates.reduce((best, each) => (isLate(each) || speed(each) > speed(best) ? each : best));
    if (!current || ended) return this.#print(busiest);
    const late = rest.find(isLate);
    if (late) return this.#print(late);
    const share = speed(current) / (candidates.reduce((sum, each) => sum + speed(each), 0) || 1);
    if (ANTI_FLICKER_MS / (1 - share) < now - current.blockSinceMs && busiest !== current) this.#print(busiest);
  }

  #print(vertex: ShownVertex): void {
    const { state } = vertex;
    if (vertex.number === 0) vertex.number = ++this.#numbers;
    const tag = `#${vertex.number}`;
    if (this.#current !== vertex) this.#begin(vertex);
    this.#printStatuses(vertex, tag);
    for (const { rule, detail, line } of vertex.warnings.splice(0)) this.#line(`${tag} WARN: ${printable(warningText(rule, detail, line))}`);
    this.#printLines(vertex, tag);
    this.#current = vertex;
    if (state.completedNs === undefined) return;
    this.#current = undefined;
    vertex.count = 0;
    this.#endLine();
    this.#line(`${tag} ${endText(vertex)}`);
  }

  #begin(vertex: ShownVertex): void {
    const old = this.#current;
    if (old) {
      this.#endLine();
      old.count = 0;
      old.blockSinceMs = this.#now();
      this.#line(`#${old.number} ...`);
    }
    if (this.#printed) this.#write("\n");
    this.#printed = true;
    vertex.blockSinceMs = this.#now();
    this.#line(`#${vertex.number} ${vertex.state.name.split("\n").map(printable).join(" ")}`);
    vertex.partialPrinted = 0;
  }

  #printStatuses({ statuses, changedStatuses }: ShownVertex, tag: string): void {
    for (const id of changedStatuses) {
      const status = statuses.get(id);
      if (!status || !this.#isDue(status)) continue;
      this.#endLine();
      this.#line(`${tag} ${statusText(status)}`);
    }
    changedStatuses.clear();
  }

  /** The beginning, the end, and in between only what has come far or long after the line before. */
  #isDue({ current, total, startedNs, completedNs, id }: ShownStatus): boolean {
    const key = `${startedNs} ${id}`;
    const last = this.#lastStatus.get(key);
    const now = this.#now();
    const isDue = !last || completedNs !== undefined || now - last.timeMs >= STATUS_INTERVAL_MS || (total !== undefined && total > 0 && (current - last.current) / total >= STATUS_SHARE);
    if (completedNs !== undefined) this.#lastStatus.delete(key);
    else if (isDue) this.#lastStatus.set(key, { timeMs: now, current });
    return isDue;
  }

  #printLines(vertex: ShownVertex, tag: string): void {
    const startedNs = vertex.state.startedNs ?? 0n;
    for (const { text, timeNs } of vertex.lines.splice(0)) {
      const prefix = vertex.partialPrinted ? "" : `${tag} ${lineTime(startedNs, timeNs)} `;
      const shown = safeOutput(text.slice(vertex.partialPrinted));
      vertex.partialPrinted = 0;
      this.#write(`${prefix}${shown}\n`);
      this.#midLine = false;
    }
    const { partial } = vertex;
    if (!partial || partial.text.length === vertex.partialPrinted) return;
    const prefix = vertex.partialPrinted ? "" : `${tag} ${lineTime(startedNs, partial.timeNs)} `;
    this.#write(prefix + safeOutput(partial.text.slice(vertex.partialPrinted)));
    vertex.partialPrinted = partial.text.length;
    this.#midLine = true;
  }

  #endLine(): void {
    if (this.#midLine) this.#write("\n");
    this.#midLine = false;
  }

  #line(text: string): void {
    this.#endLine();
    this.#write(`${text}\n`);
  }
}

export const warningText = (rule: string, detail: string, line: number): string => `${rule}: ${detail}${line > 0 ? ` (line ${line})` : ""}`;

export function statusText({ id, current, total, startedNs, completedNs }: ShownStatus): string {
  const bytes = total ? ` ${sizeText(current)} / ${sizeText(total)}` : current ? ` ${sizeText(current)}` : "";
  const seconds = secondsBetween(startedNs, completedNs ?? nowNs());
  return `${printable(id)}${bytes}${seconds > 0.01 ? ` ${seconds.toFixed(1)}s` : ""}${completedNs === undefined ? "" : " done"}`;
}

function endText({ state }: ShownVertex): string {
  if (state.error !== undefined && isCancelled(state.error)) return "CANCELED";
  if (state.error !== undefined && state.error !== "") return `ERROR: ${state.error.split("\n").map(printable).join("\n")}`;
  if (state.cached) return "CACHED";
  return `DONE ${secondsBetween(state.startedNs ?? 0n, state.completedNs ?? 0n).toFixed(1)}s`;
}

export const isCancelled = (error: string): boolean => error === "CANCELED" || error.endsWith("context canceled");
