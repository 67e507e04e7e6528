const DEFAULT_KEYS = "ctrl-p,ctrl-q";

/** `ctrl-p,ctrl-q`, `a`, `ctrl-@` …: the bytes of the sequence. What cannot be read as keys means the default ones. */
export function parseDetachKeys(text: string | undefined): Uint8Array {
  return tryParse(text || DEFAULT_KEYS) ?? tryParse(DEFAULT_KEYS) ?? new Uint8Array();
}

function tryParse(text: string): Uint8Array | undefined {
  const codes: number[] = [];
  for (const key of text.split(",")) {
    const control = /^ctrl-([a-zA-Z@[\\\]^_])$/.exec(key)?.[1];
    if (control) codes.push(control.toUpperCase().charCodeAt(0) - 64);
    else if (key.length === 1) codes.push(key.charCodeAt(0));
    else return undefined;
  }
  return Uint8Array.from(codes);
}

/** Watches what is typed for the sequence, over chunk borders; keys that turn out not to belong to it go through. */
export class DetachKeys {
  #matched = 0;

  constructor(readonly keys: Uint8Array) {}

  push(chunk: Uint8Array): { bytes: Uint8Array; detached: boolean } {
    const through: number[] = [];
    for (const byte of chunk) {
      if (byte === this.keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.keys.length) return { bytes: Uint8Array.from(through), detached: true };
        continue;
      }
      through.push(...this.keys.subarray(0, this.#matched));
      this.#matched = byte === this.keys[0] ? 1 : 0;
      if (this.#matched === 0) through.push(byte);
    }
    return { bytes: Uint8Array.from(through), detached: false };
  }
}
