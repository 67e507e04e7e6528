import { statfsSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../../base/mod.ts";
import type { LayerPort, SolverDeps, UnpackPort } from "../../build/mod.ts";
import { interpretsPrograms, syncFileSystem } from "../../linux/mod.ts";
import type { Layer, Snapshots } from "../../snapshot/mod.ts";
import type { EngineContext } from "../context.ts";
import { OWN_ARCHITECTURE } from "../create/platform.ts";
import { remoteSources } from "../build/remote-sources.ts";
import { stepPort } from "./step-port.ts";

/** What a solver needs of the engine that only the composition root has. */
export type SolverMechanisms = Pick<SolverDeps, "layers" | "launchWorker">;

export function layerPort(snapshots: Snapshots): LayerPort {
  const { layers } = snapshots;
  return {
    create: () => layers.create(), insert: (layer) => layers.insert(layer), settle: (n) => layers.settle(n), folder: (n) => layers.folder(n), byChainID: (chainID) => layers.byChainID(chainID), stack: (top) => layers.stack(top),
    get: (n) => layers.get(n), retain: (owner, top) => layers.retain(owner, top), release: (owner) => layers.release(owner), lease: (top) => layers.lease(top), root: snapshots.layersRoot, discard: (folder) => snapshots.discard(folder),
  };
}

export function solverDeps(ctx: EngineContext, mechanisms: SolverMechanisms): SolverDeps {
  const { dataRoot } = ctx.paths;
  return {
    ...mechanisms,
    db: ctx.db,
    folder: join(dataRoot, "build"),
    steps: stepPort(ctx),
    unpacker: unpacker(ctx),
    sources: { image: async ({ digest }) => await Promise.resolve(ctx.images.resolve(digest).layers.map((n) => existing(mechanisms.layers.get(n)))), ...remoteSources(ctx) },
    architecture: OWN_ARCHITECTURE,
    runsForeign: interpretsPrograms,
    requireWritable: () => ctx.space.requireWritable(),
    sync: () => syncFileSystem(dataRoot),
    disk: () => {
      const { bsize, blocks, bavail } = statfsSync(dataRoot);
      return { totalBytes: bsize * blocks, freeBytes: bsize * bavail };
    },
    log: (sentence) => ctx.log(sentence),
  };
}

function existing(layer: Layer | undefined): Layer {
  if (!layer) throw new EngineError("NotFound", "the image's layers are not on this machine any more: pull it again");
  return layer;
}

/** Missing folders were made before; everything else is as `docker cp` does it. */
function unpacker(ctx: EngineContext): UnpackPort {
  return {
    unpack: async (root, path, owner, archive, signal) => {
      await ctx.trees.unpack({ kind: "mounted", root, binds: [] }, { path, keepKinds: false, owner, mounts: [], rootReadOnly: false }, { bytes: archive }, signal);
    },
  };
}
