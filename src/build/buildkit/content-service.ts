import { EngineError } from "../../base/mod.ts";
import { MessageWriter, readFields, textOf, type Call, type Methods } from "../../grpc/mod.ts";
import { parseDigest, type Digest } from "../../spec/mod.ts";

const CONTENT = "/containerd.services.content.v1.Content/";
const PIECE_BYTES = 1024 * 1024;

/** containerd's content store as far as small documents are read from it. */
export function contentMethods(documentOf: (digest: Digest) => Uint8Array | undefined): Methods {
  const find = (digest: string): Uint8Array => {
    const bytes = documentOf(parseDigest(digest));
    if (!bytes) throw new EngineError("NotFound", `content ${digest}: not found`);
    return bytes;
  };
  return new Map<string, (call: Call) => Promise<void>>([
    [`${CONTENT}Info`, async (call) => {
      const { digest } = readRead(await call.request());
      await call.send(new MessageWriter().message(1, new MessageWriter().text(1, digest).number(2, find(digest).length)).finish());
    }],
    [`${CONTENT}Read`, async (call) => {
      const { digest, offset, size } = readRead(await call.request());
      const bytes = find(digest);
      if (offset < 0 || offset > bytes.length) throw new EngineError("InvalidParameter", `requested offset ${offset} past content length ${bytes.length}: out of range`);
      const end = size > 0 ? Math.min(bytes.length, offset + size) : bytes.length;
      for (let at = offset; at < end; at += PIECE_BYTES) await call.send(new MessageWriter().number(1, at).bytes(2, bytes.subarray(at, Math.min(end, at + PIECE_BYTES))).finish());
    }],
  ]);
}

/** ReadContentRequest; the first field is InfoRequest, too. */
function readRead(message: Uint8Array): { readonly digest: string; readonly offset: number; readonly size: number } {
  let digest = "";
  const numbers = new Map<number, number>();
  for (const { number, value, bytes } of readFields(message)) {
    if (number === 1) digest = textOf(bytes);
    else numbers.set(number, value);
  }
  return { digest, offset: numbers.get(2) ?? 0, size: numbers.get(3) ?? 0 };
}
