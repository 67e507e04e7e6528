import { parseDigest, type Digest } from "../spec/mod.ts";
import { ingestArchive } from "./archive-blobs.ts";
import { layoutImages, type LayoutWish } from "./archive-images.ts";
import { installImage } from "./install.ts";
import type { LoadDeps } from "./load.ts";

/**
 * The images of an OCI layout that comes as an archive, each under the name that `nameOf` gives the next one: who asked takes these off again.
 * @throws EngineError InvalidParameter for what is no layout, NotFound
 */
export async function loadLayout(deps: LoadDeps, stream: AsyncIterable<Uint8Array>, wish: LayoutWish, nameOf: () => string): Promise<readonly Digest[]> {
  await using hold = deps.holds.open();
  const archive = await ingestArchive(stream, deps.content, { onArriving: () => undefined, onBlob: ({ digest }) => hold.add(digest) });
  const ids: Digest[] = [];
  for (const source of layoutImages(archive, wish, deps.architecture)) {
    const { id } = await installImage(deps, { ...source, names: [nameOf()] }, { take: () => undefined });
    ids.push(parseDigest(id));
  }
  return ids;
}
