import { MessageWriter, readFields, textOf } from "../../grpc/mod.ts";

/**
 * A result that has not been built yet, as a graph (pb.Definition) that clients pass on to another build without looking into it: one
 * source, whose name is all there is, and the operation that says that this is the result.
 */
const SCHEME = "hako-result://";

export function definitionOf(result: string): MessageWriter {
  const source = new MessageWriter().message(3, new MessageWriter().text(1, SCHEME + result)).finish();
  const digest = `sha256:${new Bun.CryptoHasher("sha256").update(source).digest("hex")}`;
  const end = new MessageWriter().message(1, new MessageWriter().text(1, digest)).finish();
  return new MessageWriter().message(1, source).message(1, end).message(2, new MessageWriter().text(1, digest).message(2, new Uint8Array(0)));
}

/** Undefined: a graph that a client has made itself. */
export function resultIn(definition: Uint8Array): string | undefined {
  for (const op of readFields(definition)) {
    if (op.number !== 1) continue;
    for (const source of readFields(op.bytes)) {
      if (source.number !== 3) continue;
      for (const { number, bytes } of readFields(source.bytes)) if (number === 1 && textOf(bytes).startsWith(SCHEME)) return textOf(bytes).slice(SCHEME.length);
    }
  }
  return undefined;
}
