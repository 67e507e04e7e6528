import { tryCall } from "./call.ts";
import { O } from "./constants.ts";

const AT_FDCWD = -100;
const ENOENT = 2;
const BUFFER_BYTES = 64 * 1024;
/** Descriptors held open by all files together; beyond it a file is opened for every read. */
const MAX_KEPT = 8192;
const [SPACE, NEWLINE, ZERO, NINE] = [0x20, 0x0a, 0x30, 0x39];

/** What was read last, by whichever file: valid until the next read, so it is parsed at once. */
const buffer = new Uint8Array(new ArrayBuffer(BUFFER_BYTES));
let kept = 0;

/**
 * A file of procfs or cgroupfs that is read again and again: opened once, read from its start each time, parsed from the
 * bytes. A missing one reads as empty for ever; one whose group is gone reads as empty.
 */
export class KeptFile implements Disposable {
  readonly #path: string;
  #fd = -1;
  #missing = false;
  /** Keys of the last table: the kernel writes the same lines in the same order each time. */
  #keys: readonly string[] = [];
  /** The last table, and the bytes it was read from: most groups are idle. */
  #lastBytes: Buffer = Buffer.alloc(0);
  #lastTable: Readonly<Record<string, number>> = {};

  constructor(path: string) {
    this.#path = path;
  }

  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    tryCall("close", this.#fd);
    this.#fd = -1;
    kept--;
  }

  /** 0 for "max" and for what is not there. */
  number(): number {
    const length = this.#read();
    return length > 0 ? digitsAt(0, length) : 0;
  }

  /** Numbers parted by spaces. */
  numbers(): number[] {
    const text = this.text().trim();
    return text === "" ? [] : text.split(" ").map(Number);
  }

  /** `name value` lines; the same object as before when nothing has changed. */
  table(): Readonly<Record<string, number>> {
    const length = this.#read();
    const bytes = Buffer.from(buffer.buffer, 0, length);
    if (this.#lastBytes.equals(bytes)) return this.#lastTable;
    this.#lastTable = (this.#keys.length > 0 && this.#knownTable(length)) || this.#newTable(length);
    this.#lastBytes = Buffer.from(bytes);
    return this.#lastTable;
  }

  text(): string {
    return this.#decoded(this.#read());
  }

  #decoded(length: number): string {
    return Buffer.from(buffer.buffer, 0, length).toString("latin1");
  }

  #knownTable(length: number): Record<string, number> | undefined {
    const table: Record<string, number> = {};
    let at = 0;
    for (const key of this.#keys) {
      at += key.length;
      if (at >= length || buffer[at] !== SPACE) return undefined;
      table[key] = digitsAt(++at, length);
      while (at < length && buffer[at] !== NEWLINE) at++;
      at++;
    }
    return at >= length ? table : undefined;
  }

  #newTable(length: number): Record<string, number> {
    const pairs = this.#decoded(length).split("\n").map((line) => line.split(" ")).filter(([, value]) => value !== undefined);
    this.#keys = pairs.map(([key = ""]) => key);
    return Object.fromEntries(pairs.map(([key = "", value]) => [key, Number(value)]));
  }

  /** Bytes in the buffer. */
  #read(): number {
    if (this.#fd < 0 && !this.#open()) return 0;
    const length = tryCall("pread64", this.#fd, buffer, BUFFER_BYTES, 0);
    if (kept > MAX_KEPT) this[Symbol.dispose]();
    return Math.max(length, 0);
  }

  #open(): boolean {
    if (this.#missing) return false;
    const fd = tryCall("openat", AT_FDCWD, this.#path, O.RDONLY | O.CLOEXEC, 0);
    this.#missing = fd === -ENOENT;
    if (fd < 0) return false;
    this.#fd = fd;
    kept++;
    return true;
  }
}

function digitsAt(start: number, end: number): number {
  let value = 0;
  let at = start;
  for (; at < end; at++) {
    const byte = buffer[at] ?? 0;
    if (byte < ZERO || byte > NINE) break;
    value = value * 10 + (byte - ZERO);
  }
  // Digit by digit, a larger number would be rounded more than once.
  return value <= Number.MAX_SAFE_INTEGER ? value : Number(Buffer.from(buffer.buffer, start, at - start).toString("latin1"));
}
