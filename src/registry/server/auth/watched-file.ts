import { readFileSync, statSync } from "node:fs";
import { EngineError, messageOf } from "../../../base/mod.ts";

const LOOK_EVERY_MS = 1000;
const MAX_BYTES = 4 * 1024 * 1024;

/** A file that an administrator may change while the registry runs. One that is wrong is reported, and the one before stays in force. */
export class WatchedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string, path: string) => T;
  readonly #report: (sentence: string) => void;
  #value: T;
  #seen: string;
  #lookedMs = 0;

  /** @throws EngineError when the file is missing or wrong now */
  constructor(path: string, parse: (text: string, path: string) => T, report: (sentence: string) => void) {
    this.#path = path;
    this.#parse = parse;
    this.#report = report;
    this.#seen = this.#look();
    this.#value = this.#read();
  }

  get value(): T {
    const nowMs = Date.now();
    if (nowMs - this.#lookedMs >= LOOK_EVERY_MS) {
      this.#lookedMs = nowMs;
      this.#refresh();
    }
    return this.#value;
  }

  #refresh(): void {
    try {
      const seen = this.#look();
      if (seen === this.#seen) return;
      this.#seen = seen;
      this.#value = this.#read();
    } catch (error) {
      this.#report(`${messageOf(error)}; what was read before stays in force`);
    }
  }

  #look(): string {
    const found = statSync(this.#path, { throwIfNoEntry: false });
    return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : "";
  }

  #read(): T {
    if (this.#seen === "") throw new EngineError("InvalidParameter", `${this.#path}: no such file`);
    const { size } = statSync(this.#path);
    if (size > MAX_BYTES) throw new EngineError("InvalidParameter", `${this.#path} is larger than ${MAX_BYTES} bytes`);
    return this.#parse(readFileSync(this.#path, "utf8"), this.#path);
  }
}
