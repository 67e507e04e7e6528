import { chmodSync, chownSync, statSync } from "node:fs";
import type { LayerPort } from "../solver/ports.ts";
import type { LayerRef } from "../solver/types.ts";

/** The merged root shows the topmost layer's owner and mode. */
export function likeTop(folder: string, below: readonly LayerRef[], layers: Pick<LayerPort, "folder">): void {
  const top = below.at(-1);
  if (!top) return;
  const { mode, uid, gid } = statSync(layers.folder(top.n));
  if (uid !== 0 || gid !== 0) chownSync(folder, uid, gid);
  chmodSync(folder, mode & 0o7777);
}
