import type { Call } from "./call.ts";
import { Refusal } from "./refusal.ts";

/** A small body at once. @throws Refusal with `tooLarge` beyond so many bytes, BLOB_UPLOAD_INVALID when the connection breaks */
export async function readWhole({ request, received }: Call, maxBytes: number, tooLarge: () => Refusal): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyOf(request)) {
    size += chunk.length;
    received(chunk.length);
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A body as it comes. The reader sets the pace. @throws Cut when the connection breaks */
export async function* bodyOf(request: Request): AsyncGenerator<Uint8Array, void, void> {
  if (!request.body) return;
  try {
    for await (const chunk of request.body) yield chunk;
  } catch (error) {
    throw new Cut("the connection ended in the middle of the request", { cause: error });
  }
}

/** Nobody is left to be answered. */
export class Cut extends Error {
  override readonly name = "Cut";
}
