import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, messageOf } from "../base/mod.ts";
import { sharesBlocks } from "../linux/mod.ts";
import type { RuntimeMount } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { parseVolumeName } from "./create/mount-path.ts";
import { volumeMount } from "./create/mounts.ts";
import { releasing } from "./archive.ts";
import type { PackedTree, TreeRoot, UploadedArchive } from "./ports.ts";
import type { VolumeRecord } from "./store/volumes.ts";
import { ensureVolume } from "./volume-claims.ts";
import { volumeData, volumesDir } from "./paths.ts";
import { COPY_PREFIX } from "./volume-content.ts";
import { drivenVolume, holdVolumes, placeOf } from "./volume-mounts.ts";
import { findVolume } from "./volumes.ts";

/** A tar of all files of a volume, with owners, modes, times, links and extended attributes; containers that use it go on. */
export async function saveVolume(ctx: EngineContext, ref: string, signal: AbortSignal): Promise<PackedTree> {
  const record = await findVolume(ctx, ref);
  const held = (await openSnapshot(ctx, record, signal)) ?? (await openVolume(ctx, record));
  try {
    const { bytes, writeTo } = await ctx.trees.pack(held.root, "/.", [], signal, { whole: true });
    signal.addEventListener("abort", () => held[Symbol.dispose](), { once: true });
    return { bytes: releasing(bytes, held), writeTo: (client) => writeTo(client).finally(() => held[Symbol.dispose]()) };
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}

/** Unpacks a tar into a volume, over what is there; one that is not there is made. @throws EngineError Conflict while a container uses it */
export async function loadVolume(ctx: EngineContext, ref: string, archive: UploadedArchive, signal: AbortSignal): Promise<void> {
  ctx.space.requireWritable();
  const record = ctx.volumes.get(ref) ?? (await ensureVolume(ctx, { name: parseVolumeName(ref), labels: null, anonymous: false, driver: "", options: {} }));
  const users = ctx.volumes.users(record.name).filter((id) => ctx.live.get(id) !== undefined);
  if (users.length > 0) throw new EngineError("Conflict", `load ${record.name}: volume is in use - [${users.join(", ")}]`);
  using held = await openVolume(ctx, record);
  await ctx.trees.unpack(held.root, { path: "/", keepKinds: true, owner: "archive", mounts: [], rootReadOnly: false, topToo: true }, archive, signal);
}

/** Where files can share blocks, what is saved is the volume of one moment, though its containers write on. */
async function openSnapshot(ctx: EngineContext, record: VolumeRecord, signal: AbortSignal): Promise<(Disposable & { readonly root: TreeRoot }) | undefined> {
  if (!ctx.volumeDrivers.isFolder(drivenVolume(record)) || !sharesBlocks(volumesDir(ctx.paths))) return undefined;
  const copy = join(volumesDir(ctx.paths), `${COPY_PREFIX}${randomBytes(16).toString("hex")}`);
  const remove = (): void => void rm(copy, { recursive: true, force: true }).catch((error: unknown) => ctx.log(`${copy} could not be removed: ${messageOf(error)}, ignoring; the next start of the engine removes it`));
  mkdirSync(copy, { mode: 0o700 });
  try {
    await ctx.trees.snapshot(volumeData(ctx.paths, record.name), copy, signal);
    return { root: { kind: "mounted", root: { kind: "bind", source: copy }, binds: [] }, [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}

async function openVolume(ctx: EngineContext, { name }: VolumeRecord): Promise<Disposable & { readonly root: TreeRoot }> {
  const mount = volumeMount(name, "/");
  const held = await holdVolumes(ctx, [mount]);
  const binds: readonly RuntimeMount[] = [];
  return { root: { kind: "mounted", root: { kind: "bind", source: placeOf(ctx, held.use, mount).path }, binds }, [Symbol.dispose]: () => held[Symbol.dispose]() };
}
