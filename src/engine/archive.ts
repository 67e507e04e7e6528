import { EngineError, formatInstant } from "../base/mod.ts";
import { kernelFolders, openTree } from "./container-tree.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import type { PackedTree, PathStat, UnpackTree, UploadedArchive } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";
import { isRunning } from "./state.ts";
import { userOf } from "./user-cache.ts";

/** ContainerPathStat of Docker's API. */
export interface ContainerPathStat {
  readonly name: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: string;
  readonly linkTarget: string;
}

export interface WriteArchiveOptions {
  readonly path: string;
  readonly noOverwriteDirNonDir?: boolean | undefined;
  readonly copyUIDGID?: boolean | undefined;
}

/** @throws EngineError NotFound for the container and for the path, in Docker's words */
export async function statContainerPath(ctx: EngineContext, ref: string, path: string, signal: AbortSignal): Promise<ContainerPathStat> {
  using tree = await openTree(ctx, ref, "read");
  return shown(await named(ref, path, ctx.trees.stat(tree.root, path, signal)));
}

/** A tar of a file or folder. */
export async function readContainerPath(ctx: EngineContext, ref: string, path: string, signal: AbortSignal): Promise<PackedTree & { stat: ContainerPathStat }> {
  const tree = await openTree(ctx, ref, "read");
  try {
    const { stat, bytes, writeTo } = await named(ref, path, ctx.trees.pack(tree.root, path, kernelFolders(tree.record), signal));
    emitContainerEvent(ctx, tree.record, "archive-path");
    // A client that leaves before it has read anything never comes to the end of the bytes.
    signal.addEventListener("abort", () => tree[Symbol.dispose](), { once: true });
    return { stat: shown(stat), bytes: releasing(bytes, tree), writeTo: (client) => writeTo(client).finally(() => tree[Symbol.dispose]()) };
  } catch (error) {
    tree[Symbol.dispose]();
    throw error;
  }
}

/** Writes a tar, in any compression, into an existing folder. @throws EngineError NotFound, InvalidParameter, in Docker's words */
export async function writeContainerPath(ctx: EngineContext, ref: string, options: WriteArchiveOptions, archive: UploadedArchive, signal: AbortSignal): Promise<void> {
  ctx.space.requireWritable();
  using tree = await openTree(ctx, ref, "write");
  await named(ref, options.path, ctx.trees.unpack(tree.root, unpackOf(ctx, tree.record, options), archive, signal));
  emitContainerEvent(ctx, tree.record, "extract-to-dir");
}

function unpackOf(ctx: EngineContext, record: ContainerRecord, { path, noOverwriteDirNonDir = false, copyUIDGID = false }: WriteArchiveOptions): UnpackTree {
  const { uid, gid } = copyUIDGID && record.config.User ? userOf(ctx, record, record.config.User) : { uid: undefined, gid: undefined };
  const mounts = record.mounts.filter(({ type }) => type !== "tmpfs" || isRunning(record.state)).map(({ destination, readOnly }) => ({ destination, readOnly }));
  // What is mounted in every container is not the root's.
  const shared = isRunning(record.state) ? [{ destination: "/dev/shm", readOnly: false }] : [];
  return { path, keepKinds: noOverwriteDirNonDir, owner: uid === undefined ? "archive" : { uid, gid }, mounts: [...mounts, ...shared], rootReadOnly: record.hostConfig.ReadonlyRootfs ?? false };
}

function shown({ name, size, mode, mtimeNs, linkTarget }: PathStat): ContainerPathStat {
  return { name, size, mode, mtime: formatInstant(BigInt(mtimeNs)), linkTarget };
}

/** Only here it is known what the container was called. */
async function named<T>(ref: string, path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof EngineError && error.kind === "NotFound") throw new EngineError("NotFound", `Could not find the file ${path} in container ${ref}`, { cause: error });
    throw error;
  }
}

/** The bytes; at their end, or when nobody wants more, the tree is let go. */
export async function* releasing(bytes: AsyncIterable<Uint8Array>, held: Disposable): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* bytes;
  } finally {
    held[Symbol.dispose]();
  }
}
