const HEADER_BYTES = 8;

/** Keeps the frames of one stream of a multiplexed output (1 stdout, 2 stderr), or what is in them, however it is cut in pieces. */
export class FrameFilter {
  #header = new Uint8Array(HEADER_BYTES);
  #headerFilled = 0;
  #payloadLeft = 0;
  #keeping = false;

  constructor(
    private readonly keeps: (stream: number) => boolean,
    private readonly form: "frames" | "payload" = "frames",
  ) {}

  push(bytes: Uint8Array): Uint8Array[] {
    const kept: Uint8Array[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#payloadLeft > 0) {
        const end = Math.min(bytes.length, at + this.#payloadLeft);
        if (this.#keeping) kept.push(bytes.subarray(at, end));
        this.#payloadLeft -= end - at;
        at = end;
        continue;
      }
      this.#header[this.#headerFilled++] = bytes[at++] ?? 0;
      if (this.#headerFilled < HEADER_BYTES) continue;
      this.#headerFilled = 0;
      this.#keeping = this.keeps(this.#header[0] ?? 0);
      this.#payloadLeft = new DataView(this.#header.buffer).getUint32(4);
      if (this.#keeping && this.form === "frames") kept.push(this.#header.slice());
    }
    return kept;
  }
}

/** One frame of standard output, for what the engine itself has to say to a client. */
export function stdoutFrame(text: string): Uint8Array {
  const payload = Buffer.from(text);
  const frame = Buffer.alloc(HEADER_BYTES + payload.length);
  frame[0] = 1;
  frame.writeUInt32BE(payload.length, 4);
  payload.copy(frame, HEADER_BYTES);
  return frame;
}
