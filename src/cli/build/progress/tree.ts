import { nowNs } from "../../../base/mod.ts";
import type { BuildEvent } from "../../../spec/mod.ts";
import { printable } from "../../output.ts";
import { stepColors, type StepColors } from "./colors.ts";
import type { Display } from "./display.ts";
import { statusText } from "./plain.ts";
import { isRunning, safeOutput, secondsBetween, Trace, type ShownVertex } from "./trace.ts";

const INTERVAL_MS = 100;
/** Lines of output under each running step. */
const OUTPUT_LINES = 6;
/** Room below the drawing: the prompt's line. */
const SPARE_ROWS = 2;
const MIN_COLUMNS = 20;
const NARROW_COLUMNS = 40;

interface Terminal {
  readonly write: (text: string) => void;
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** BUILDKIT_COLORS; undefined: no colours. */
  readonly colors: string | undefined;
}

interface Line {
  readonly text: string;
  readonly time: string;
  readonly color: string;
  readonly running: boolean;
}

/** The steps with timers and the last lines of those that run, drawn anew in place; never higher than the terminal. */
export class TreeDisplay implements Display {
  readonly trace = new Trace();
  readonly #terminal: Terminal;
  readonly #colors: StepColors;
  readonly #beganMs = Date.now();
  #timer: ReturnType<typeof setInterval> | undefined;
  #drawn = 0;
  #drawnColumns = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#colors = stepColors(terminal.colors);
  }

  show(event: BuildEvent): void {
    this.trace.update(event);
    this.#timer ??= setInterval(() => this.draw(undefined), INTERVAL_MS);
  }

  finish(failed: boolean): void {
    clearInterval(this.#timer);
    this.draw(failed ? "failed" : "done");
  }

  /** Once more in place of what was drawn; `end`: for the last time. */
  draw(end: "failed" | "done" | undefined): void {
    const { columns, rows } = this.#terminal.size();
    const width = Math.max(MIN_COLUMNS, columns - 1);
    const limit = Math.max(3, rows - SPARE_ROWS);
    this.trace.takeChanged();
    const lines = this.#lines(end);
    // What has ended scrolls away by itself; while it goes on, only so much is drawn as can be drawn over.
    const shown = end ? lines : fit(lines, limit - 1);
    const text = [this.#title(end, width), ...shown.map((line) => this.#paint(line, width))].join("");
    this.#terminal.write(`\x1b[?25l${this.#clear(columns)}${text}\x1b[?25h`);
    this.#drawn = shown.length + 1;
    this.#drawnColumns = columns;
  }

  /** A terminal that became narrower has broken each line into several. */
  #clear(columns: number): string {
    if (this.#drawn === 0) return "";
    const height = columns < this.#drawnColumns && columns > 0 ? this.#drawn * Math.ceil(this.#drawnColumns / columns) : this.#drawn;
    return `\x1b[${height}A\r\x1b[J`;
  }

  #title(end: "failed" | "done" | undefined, width: number): string {
    const all = [...this.trace.vertices.values()];
    const done = all.filter(({ state }) => state.completedNs !== undefined && !state.error).length;
    const text = `[+] Building ${((Date.now() - this.#beganMs) / 1000).toFixed(1)}s (${done}/${all.length})${end ? " FINISHED" : ""}`;
    const where = "docker:default";
    const gap = width - text.length - where.length;
    return `${gap > 0 ? text + " ".repeat(gap) + where : text.slice(0, width)}\n`;
  }

  #lines(end: "failed" | "done" | undefined): Line[] {
    const lines: Line[] = [];
    for (const vertex of this.trace.started) {
      const { state } = vertex;
      const running = isRunning(vertex);
      const seconds = secondsBetween(state.startedNs ?? 0n, state.completedNs ?? nowNs());
      const [mark, color] = this.#mark(vertex);
      lines.push({ text: ` => ${mark}${state.name.split("\n").map(printable).join(" ")}`, time: ` ${seconds.toFixed(1)}s`, color, running });
      for (const status of vertex.statuses.values()) {
        const done = secondsBetween(status.startedNs, status.completedNs ?? nowNs());
        lines.push({ text: ` => => ${statusText({ ...status, completedNs: undefined, startedNs: nowNs() })}`, time: ` ${done.toFixed(1)}s`, color, running: running && status.completedNs === undefined });
      }
      if (running && !end) lines.push(...outputOf(vertex).map((text) => ({ text: ` => => # ${text}`, time: "", color: "", running })));
    }
    return lines;
  }

  #mark({ state }: ShownVertex): [string, string] {
    if (state.error === "CANCELED" || state.error?.endsWith("context canceled")) return ["CANCELED ", this.#colors.cancel];
    if (state.error) return ["ERROR ", this.#colors.error];
    if (state.cached) return ["CACHED ", this.#colors.run];
    return ["", state.completedNs === undefined ? "" : this.#colors.run];
  }

  #paint({ text, time, color }: Line, width: number): string {
    const tail = width < NARROW_COLUMNS ? "" : time;
    const room = width - tail.length;
    const fitted = cut(text, room);
    const line = fitted + " ".repeat(Math.max(0, room - visibleLength(fitted))) + tail;
    return color === "" ? `${line.trimEnd()}\x1b[0m\n` : `${color}${line}\x1b[0m\n`;
  }
}

const outputOf = ({ last, partial }: ShownVertex): string[] => [...last.slice(-OUTPUT_LINES), ...(partial ? [partial] : [])].slice(-OUTPUT_LINES).map(({ text }) => safeOutput(text).replaceAll("\t", "    "));

/** What runs stays in sight; of what is over, the latest. */
function fit(lines: readonly Line[], limit: number): readonly Line[] {
  if (lines.length <= limit) return lines;
  const running = lines.filter((line) => line.running).slice(-limit);
  const kept = new Set(running);
  for (let at = lines.length - 1; at >= 0 && kept.size < limit; at--) {
    const line = lines[at];
    if (line) kept.add(line);
  }
  return lines.filter((line) => kept.has(line));
}

// eslint-disable-next-line no-control-regex
const COLOR = /\u001b\[[0-9;]*m/g;
const visibleLength = (text: string): number => Bun.stringWidth(text.replace(COLOR, ""));

/** At most so many columns, with an ellipsis where it is cut; without colours then, which could end up cut. */
function cut(text: string, columns: number): string {
  if (visibleLength(text) <= columns) return text;
  let shown = "";
  let width = 0;
  for (const character of text.replace(COLOR, "")) {
    const wide = Bun.stringWidth(character);
    if (width + wide > columns - 1) break;
    shown += character;
    width += wide;
  }
  return `${shown}…`;
}
