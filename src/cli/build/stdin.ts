import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalUnpacker, peek, prepareDecompressor, sniffCompression } from "../../archive/mod.ts";
import { messageOf } from "../../base/mod.ts";
import { Failure } from "../failure.ts";

/** What standard input holds: a Dockerfile, or an archive, unpacked until it is disposed of. */
export type StdinContent = { readonly kind: "dockerfile"; readonly text: string } | { readonly kind: "archive"; readonly folder: string; dispose(): void };

const MAX_DOCKERFILE_BYTES = 16 * 1024 * 1024;
const TAR_BLOCK_BYTES = 512;
const TAR_MAGIC_AT = 257;

export async function readStdin(): Promise<StdinContent> {
  const { head, rest } = await peek(Bun.stdin.stream() as unknown as AsyncIterable<Uint8Array>, TAR_BLOCK_BYTES);
  const compression = sniffCompression(head);
  const isTar = Buffer.from(head).toString("latin1", TAR_MAGIC_AT, TAR_MAGIC_AT + 5) === "ustar";
  if (compression === "none" && !isTar) return { kind: "dockerfile", text: await textOf(rest) };
  const folder = mkdtempSync(join(tmpdir(), "hako-build-"));
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    using decompressor = prepareDecompressor(compression);
    using unpacker = new LocalUnpacker(folder);
    for await (const chunk of decompressor.run(rest)) unpacker.push(chunk);
    unpacker.finish();
  } catch (error) {
    dispose();
    throw new Failure(`ERROR: failed to build: the context on standard input cannot be unpacked: ${messageOf(error)}`);
  }
  return { kind: "archive", folder, dispose };
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_DOCKERFILE_BYTES) throw new Failure("ERROR: failed to build: standard input is neither an archive nor a Dockerfile");
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString("utf8");
}
