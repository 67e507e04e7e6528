import { chmodSync, chownSync, readdirSync, utimesSync } from "node:fs";
import { chmod, chown, mkdir, readdir, rename, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { EngineError } from "../base/mod.ts";
import { hasCode } from "../linux/mod.ts";
import type { EngineContext } from "./context.ts";
import { volumeData, volumesDir } from "./paths.ts";
import type { DrivenVolume } from "../volume/mod.ts";
import { volumeMount } from "./create/mounts.ts";
import type { ContainerMount } from "./record.ts";
import { drivenVolume, holdVolumes, placeOf } from "./volume-mounts.ts";

const KIND_BITS = 0o170000;
const FOLDER = 0o040000;
/** No volume has a name that begins like this. */
export const COPY_PREFIX = ".copy-";

/**
 * An empty volume takes over what the image has at the place where it is mounted: owner, mode and files, as Docker does at
 * create. The files come into a folder beside the volumes and move in at once, so that a crash leaves the volume empty and not half full;
 * one that others use already is filled where it is.
 * @throws EngineError InvalidParameter, in Docker's words, when a file is in the place
 */
export async function fillFromImage(ctx: EngineContext, containerId: string, { source, destination, noCopy, subpath }: ContainerMount, isAnonymous: boolean): Promise<void> {
  const files = ctx.snapshots.files(containerId);
  const stat = files.stat(destination);
  if (stat && (stat.mode & KIND_BITS) !== FOLDER) {
    throw new EngineError("InvalidParameter", isAnonymous ? `cannot mount volume over existing file, file exists ${destination}` : `source ${destination} is not directory`);
  }
  if (!stat || noCopy || subpath !== undefined) return;
  const record = ctx.volumes.get(source);
  if (!record) return;
  const volume = drivenVolume(record);
  if (ctx.volumeDrivers.isFolder(volume)) return await fillFolder(ctx, containerId, { volume, destination, data: volumeData(ctx.paths, source) }, stat);
  // Memory forgets it as soon as nobody uses it.
  if (volume.driver === "local" && volume.options["type"] === "tmpfs") return;
  const mount: ContainerMount = volumeMount(source, destination);
  using held = await holdVolumes(ctx, [mount]);
  await fillFolder(ctx, containerId, { volume, destination, data: placeOf(ctx, held.use, mount).path }, stat);
}

interface Filling {
  readonly volume: DrivenVolume;
  readonly destination: string;
  /** The volume's files. */
  readonly data: string;
}

async function fillFolder(ctx: EngineContext, containerId: string, { volume, destination, data }: Filling, stat: FolderStat): Promise<void> {
  const { options, name: source } = volume;
  // Who chose an owner or a mode wants those.
  const like = Object.keys(options).some((key) => ["uid", "gid", "mode"].includes(key)) ? (): void => undefined : (): Promise<void> | void => (ctx.volumeDrivers.isFolder(volume) ? likeFolder(data, stat) : likeFolderLater(data, stat));
  const isOwn = ctx.volumeDrivers.isFolder(volume);
  // What is mounted may be a file system that takes its time.
  if ((isOwn ? readdirSync(data) : await readdir(data)).length > 0) return;
  if (ctx.snapshots.files(containerId).folder(destination)?.isEmpty !== false) return await like();
  // A folder with a limit keeps it only where it is.
  const inPlace = Object.keys(options).length > 0 || volume.driver !== "local" || ctx.volumes.users(source).length > 0;
  if (inPlace) await copyTo(ctx, containerId, destination, data);
  else await copyBeside(ctx, containerId, destination, data);
  await like();
}

interface FolderStat {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs?: bigint;
}

function likeFolder(path: string, { mode, uid, gid, mtimeNs }: FolderStat): void {
  chownSync(path, uid, gid);
  chmodSync(path, mode & 0o7777);
  if (mtimeNs !== undefined) utimesSync(path, Number(mtimeNs) / 1e9, Number(mtimeNs) / 1e9);
}

async function likeFolderLater(path: string, { mode, uid, gid, mtimeNs }: FolderStat): Promise<void> {
  await chown(path, uid, gid);
  await chmod(path, mode & 0o7777);
  if (mtimeNs !== undefined) await utimes(path, Number(mtimeNs) / 1e9, Number(mtimeNs) / 1e9);
}

async function copyBeside(ctx: EngineContext, containerId: string, destination: string, data: string): Promise<void> {
  const beside = join(volumesDir(ctx.paths), `${COPY_PREFIX}${containerId}`);
  try {
    await mkdir(beside);
    await copyTo(ctx, containerId, destination, beside);
    await rename(beside, data);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    // Another container was quicker to fill it.
    if (!hasCode(error, "ENOTEMPTY")) throw error;
  }
}

/** At start nothing is being copied: what is there, a crash has left. */
export async function sweepCopies(ctx: Pick<EngineContext, "paths">): Promise<void> {
  const names = await readdir(volumesDir(ctx.paths)).catch(() => []);
  for (const name of names) if (name.startsWith(COPY_PREFIX)) await rm(join(volumesDir(ctx.paths), name), { recursive: true, force: true });
}

/** Packed and unpacked by two helpers, each shut into its own tree: links in the image lead nowhere else. */
async function copyTo(ctx: EngineContext, containerId: string, destination: string, folder: string): Promise<void> {
  const ending = new AbortController();
  try {
    const { bytes } = await ctx.trees.pack({ kind: "mounted", root: ctx.snapshots.view(containerId), binds: [] }, `${destination}/.`, [], ending.signal, { whole: true });
    const root = { kind: "mounted", root: { kind: "bind", source: folder }, binds: [] } as const;
    await ctx.trees.unpack(root, { path: "/", keepKinds: true, owner: "archive", mounts: [], rootReadOnly: false }, { bytes }, ending.signal);
  } finally {
    ending.abort();
  }
}
