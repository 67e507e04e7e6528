import type { LayoutWish } from "../image/mod.ts";
import type { Digest } from "../spec/mod.ts";
import type { BuildClient } from "./client.ts";
import type { Platform } from "./graph/op.ts";
import type { BuildImages, LentImages } from "./ports.ts";

export interface PlacedLayout {
  /** The client's folder. */
  readonly folder: string;
  /** Where a client has no folders but stores: the store, and what is wanted of it. */
  readonly store: string;
  readonly digest: Digest | undefined;
  readonly platform: Platform | undefined;
}

/** Images of an OCI layout that is the client's, for one build. @throws EngineError */
export async function lendLayout(client: BuildClient, images: Pick<BuildImages, "layout">, { folder, store, digest, platform }: PlacedLayout, wish: LayoutWish, signal: AbortSignal): Promise<LentImages> {
  if (client.layout && digest !== undefined) return await images.layout({ kind: "archive", bytes: client.layout(store, { digest, platform }) }, wish, signal);
  await using copy = await client.folder(folder, { ignore: [] });
  return await images.layout({ kind: "folder", folder: copy.folder }, wish, signal);
}
