import { EngineError } from "../../base/mod.ts";
import type { ContentStore } from "../../content/mod.ts";
import type { BlobStream, Repository } from "../../registry/mod.ts";
import { MEDIA, type Descriptor, type Digest } from "../../spec/mod.ts";
import { MAX_CONFIG_BYTES } from "../config.ts";

/** What an image's configuration may call itself; "" and octets come from old registries. */
const CONFIG_TYPES: readonly string[] = [MEDIA.ociConfig, MEDIA.dockerConfig, "", "application/octet-stream"];

/** The image's configuration, from here or from the registry; verified. @throws EngineError */
export async function configBlob(content: ContentStore, repository: Repository, { digest, size, mediaType }: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
  if (!CONFIG_TYPES.includes(mediaType)) throw new EngineError("InvalidParameter", `Encountered remote ${JSON.stringify(mediaType)}(unknown) when fetching`);
  if (size > MAX_CONFIG_BYTES) throw new EngineError("TooLarge", `the image's configuration ${digest} is ${size} bytes long, more than the ${MAX_CONFIG_BYTES} allowed`);
  if (content.has(digest)) return content.read(digest, MAX_CONFIG_BYTES);
  for (;;) {
    const stream = await repository.blob(digest, { expectedSize: size, signal });
    try {
      return await verified(stream, digest, size);
    } catch (error) {
      // A mirror may be wrong where the registry is right.
      if (signal.aborted || !stream.distrust()) throw error;
    }
  }
}

async function verified(stream: BlobStream, digest: Digest, size: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of stream) {
    received += chunk.length;
    if (received > size) throw new EngineError("InvalidParameter", `the registry sends more of the image's configuration ${digest} than the ${size} bytes that the manifest declares`);
    pieces.push(Buffer.from(chunk));
  }
  const bytes = Buffer.concat(pieces);
  const found = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  if (digest !== `sha256:${found}`) throw new EngineError("InvalidParameter", `image config verification failed for digest ${digest}`);
  return bytes;
}
