import { out, printable } from "../output.ts";

const COLOURS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94].map((code) => `\x1b[${code}m`);
const PLAIN = "\x1b[0m";

/** Prints lines of several containers, each behind the name of the one it comes from; `web-1  | text`. */
export class LogPrinter {
  readonly #coloured: boolean;
  readonly #prefixed: boolean;
  readonly #colours = new Map<string, string>();
  /** What came behind the last end of a line, by container and stream. */
  readonly #rests = new Map<string, string>();
  readonly #decoders = new Map<string, TextDecoder>();
  #width = 0;

  constructor({ coloured, prefixed }: { readonly coloured: boolean; readonly prefixed: boolean }) {
    this.#coloured = coloured;
    this.#prefixed = prefixed;
  }

  /** Makes room for its name before the first line comes. */
  add(name: string): void {
    this.#width = Math.max(this.#width, name.length);
    if (!this.#colours.has(name)) this.#colours.set(name, COLOURS[this.#colours.size % COLOURS.length] ?? "");
  }

  write(name: string, stream: number, bytes: Uint8Array): void {
    const key = `${name}/${stream}`;
    const decoder = this.#decoders.get(key) ?? new TextDecoder();
    this.#decoders.set(key, decoder);
    const lines = ((this.#rests.get(key) ?? "") + decoder.decode(bytes, { stream: true })).split("\n");
    this.#rests.set(key, lines.pop() ?? "");
    if (lines.length > 0) out(lines.map((line) => `${this.#prefix(name)}${line.replace(/\r$/, "")}\n`).join(""));
  }

  /** A line that did not end. */
  flush(name: string): void {
    for (const [key, rest] of this.#rests) {
      if (!key.startsWith(`${name}/`)) continue;
      this.#rests.delete(key);
      if (rest !== "") out(`${this.#prefix(name)}${rest}\n`);
    }
  }

  /** About a container, not from it. */
  note(name: string, text: string): void {
    this.flush(name);
    this.add(name);
    out(`${this.#paint(name, `${printable(name)} ${text}`)}\n`);
  }

  #prefix(name: string): string {
    return this.#prefixed ? this.#paint(name, `${printable(name).padEnd(this.#width)}  | `) : "";
  }

  #paint(name: string, text: string): string {
    this.add(name);
    return this.#coloured ? `${this.#colours.get(name) ?? ""}${text}${PLAIN}` : text;
  }
}
