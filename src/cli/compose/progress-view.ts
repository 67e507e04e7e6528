import type { ProgressEvent } from "../../compose/mod.ts";
import { err, printable } from "../output.ts";
import { stdoutColumns, terminalSize } from "../terminal.ts";

/** Shows what happens to the things of a project. */
export interface ProgressView {
  tell(event: ProgressEvent): void;
  /** Text that is no progress, between it. */
  say(text: string): void;
  /** Leaves what it showed as it is. */
  end(): void;
}

export type ProgressMode = "tty" | "plain" | "json" | "quiet";

/** @param prefix what every line says of a run that does nothing: ` DRY-RUN MODE - ` */
export function progressView(mode: ProgressMode, prefix = ""): ProgressView {
  if (mode === "quiet") return { tell: () => undefined, say: err, end: () => undefined };
  if (mode === "json") return { tell: (event) => err(`${JSON.stringify(jsonOf(event, prefix !== ""))}\n`), say: err, end: () => undefined };
  if (mode === "plain") return { tell: (event) => err(` ${prefix}${plain(event)}\n`), say: err, end: () => undefined };
  return new TerminalView(prefix);
}

const plain = ({ id, what = "", text, detail }: ProgressEvent): string => `${printable(id)} ${printable(what)} ${printable(text)}${detail === undefined ? "" : `  ${printable(detail)}`}`;

function jsonOf({ id, what, text, status, detail }: ProgressEvent, dryRun: boolean): Record<string, unknown> {
  const said = what ?? detail;
  return { ...(dryRun && { "dry-run": true }), ...(status === "error" && { error: true }), id, ...(text !== "" && { status: text }), ...(said !== undefined && { text: said }) };
}

interface Line {
  readonly id: string;
  readonly startedMs: number;
  endedMs: number | undefined;
  event: ProgressEvent;
}

const FRAME_MS = 100;
const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const COLOURS = { working: "\x1b[34m", done: "\x1b[32m", warning: "\x1b[33m", error: "\x1b[31m" } as const;
const PLAIN = "\x1b[0m";

/** One line for each thing with how long it has taken, drawn anew where it stands; as many as the terminal has room for. */
class TerminalView implements ProgressView {
  readonly #lines = new Map<string, Line>();
  readonly #prefix: string;
  #drawn = 0;
  #timer: Timer | undefined;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  tell(event: ProgressEvent): void {
    const now = performance.now();
    const line = this.#lines.get(event.id) ?? { id: event.id, startedMs: now, endedMs: undefined, event };
    line.event = event;
    line.endedMs = event.status === "working" ? undefined : now;
    this.#lines.set(event.id, line);
    // Drawn a frame later: most of what happens is over by then.
    this.#timer ??= setInterval(() => this.#draw(), FRAME_MS);
  }

  say(text: string): void {
    this.#clear();
    err(text);
    this.#draw();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#lines.size > 0) this.#draw(true);
    this.#lines.clear();
    this.#drawn = 0;
  }

  #clear(): void {
    if (this.#drawn > 0) err(`\x1b[${this.#drawn}A\x1b[J`);
    this.#drawn = 0;
  }

  #draw(whole = false): void {
    if (this.#lines.size === 0) return;
    const columns = stdoutColumns(2)?.() ?? 80;
    const shown = this.#visible(whole);
    const ended = [...this.#lines.values()].filter(({ endedMs }) => endedMs !== undefined).length;
    const heading = `[+] Running ${ended}/${this.#lines.size}`;
    const width = Math.max(...shown.map(({ id }) => id.length));
    const text = [heading, ...shown.map((line) => this.#lineText(line, width, columns))].map((line) => `${line}\x1b[K\n`).join("");
    err(`${this.#drawn > 0 ? `\x1b[${this.#drawn}A` : ""}${text}\x1b[J`);
    this.#drawn = shown.length + 1;
  }

  /** What has ended makes room for what goes on. */
  #visible(whole: boolean): Line[] {
    const all = [...this.#lines.values()];
    const room = whole ? Infinity : Math.max(3, terminalSize().rows - 3);
    if (all.length <= room) return all;
    const going = all.filter(({ endedMs }) => endedMs === undefined).slice(0, room);
    const ended = all.filter(({ endedMs }) => endedMs !== undefined).slice(going.length - room || all.length);
    return all.filter((line) => going.includes(line) || ended.includes(line));
  }

  #lineText({ id, startedMs, endedMs, event }: Line, width: number, columns: number): string {
    const seconds = `${(((endedMs ?? performance.now()) - startedMs) / 1000).toFixed(1)}s`;
    const mark = { working: SPINNER[Math.floor(performance.now() / FRAME_MS) % SPINNER.length] ?? "", done: "✔", warning: "!", error: "✘" }[event.status];
    const text = ` ${mark} ${this.#prefix}${printable(id).padEnd(width)} ${event.what === undefined ? "" : `${printable(event.what)} `}${printable(event.text)}${event.detail === undefined ? "" : ` ${printable(event.detail)}`}`;
    const room = columns - seconds.length - 2;
    const fitted = text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text.padEnd(room);
    return `${COLOURS[event.status]}${fitted}${PLAIN} ${seconds}`;
  }
}
