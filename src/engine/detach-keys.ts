import { EngineError } from "../base/mod.ts";

/** `ctrl-p,ctrl-q`, `a`, `ctrl-@` … to the bytes a terminal sends; an exec's are called escape keys. @throws EngineError InvalidParameter */
export function parseDetachKeys(text: string | undefined, what: "detach" | "escape" = "detach"): Uint8Array {
  if (text === undefined || text === "") return Uint8Array.of(16, 17);
  return Uint8Array.from(text.split(","), (key) => keyByte(key) ?? fail(text, what));
}

function keyByte(key: string): number | undefined {
  if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
  const control = /^ctrl-([a-zA-Z@[\\\]^_])$/.exec(key)?.[1];
  return control === undefined ? undefined : control.toUpperCase().charCodeAt(0) - 64;
}

function fail(text: string, what: string): never {
  throw new EngineError("InvalidParameter", `Invalid ${what} keys (${text.slice(0, 64)}) provided`);
}

/**
 * Finds the detach sequence in what a terminal sends, also when it is cut in pieces. Bytes that may begin the
 * sequence are held back until the next one decides.
 */
export class DetachScanner {
  #matched = 0;

  constructor(private readonly keys: Uint8Array) {}

  scan(bytes: Uint8Array): { pass: Uint8Array; detached: boolean } {
    const pass: number[] = [];
    for (const byte of bytes) {
      if (byte === this.keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.keys.length) return { pass: Uint8Array.from(pass), detached: true };
        continue;
      }
      if (this.#matched > 0) pass.push(...this.keys.subarray(0, this.#matched));
      this.#matched = byte === this.keys[0] ? 1 : 0;
      if (this.#matched === 0) pass.push(byte);
      else if (this.keys.length === 1) return { pass: Uint8Array.from(pass), detached: true };
    }
    return { pass: pass.length === bytes.length ? bytes : Uint8Array.from(pass), detached: false };
  }
}
