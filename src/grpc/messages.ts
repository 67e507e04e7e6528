import { EngineError } from "../base/mod.ts";
import type { Http2Stream } from "./http2/stream.ts";

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const HEAD_BYTES = 5;

/** The messages of one direction of a call. @throws EngineError InvalidParameter */
export async function* readMessages(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let parts: Uint8Array[] = [];
  let held = 0;
  let wanted = HEAD_BYTES;
  for await (const chunk of input) {
    parts.push(chunk);
    held += chunk.length;
    if (held < wanted) continue;
    let bytes = Buffer.concat(parts);
    while (bytes.length >= HEAD_BYTES) {
      wanted = HEAD_BYTES + bytes.readUInt32BE(1);
      if (bytes[0] !== 0) throw new EngineError("InvalidParameter", "a message is compressed, which nobody has asked for");
      if (wanted > MAX_MESSAGE_BYTES) throw new EngineError("TooLarge", "a message is too long");
      if (bytes.length < wanted) break;
      yield bytes.subarray(HEAD_BYTES, wanted);
      bytes = bytes.subarray(wanted);
      wanted = HEAD_BYTES;
    }
    parts = bytes.length > 0 ? [bytes] : [];
    held = bytes.length;
  }
  if (held > 0) throw new EngineError("InvalidParameter", "a message is cut off");
}

export async function writeMessage(stream: Http2Stream, message: Uint8Array): Promise<void> {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  await stream.write(Buffer.concat([head, message]));
}
