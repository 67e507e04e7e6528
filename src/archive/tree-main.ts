import { writeSync } from "node:fs";
import { EngineError, type Framing } from "../base/mod.ts";
import { chroot, chrootTo, closeFd, forbidTracing, peerIsGone, recvFds, setUmask, writeFd } from "../linux/mod.ts";
import { applyLayer, copyArchive } from "./apply-layer.ts";
import { MAGIC_BYTES, peek, prepareDecompressor, sniffCompression } from "./compression.ts";
import { absolutePath, baseName, findFolder, findPath, statOf } from "./container-path.ts";
import { nameFromText } from "./entry.ts";
import { bytesOf, reportFailure } from "./extract-main.ts";
import { receiveBody, SocketOutput } from "./http-body.ts";
import { TreeChanges, type TreeChange } from "./tree-changes.ts";
import type { JobRoot, TreeJob, WritableMount } from "./tree-job.ts";
import { openFolder, TreePacker } from "./tree-packer.ts";
import { TreeSnapshot } from "./tree-snapshot.ts";

/**
 * The hidden command `hako __tree <job>`: one job on a container's files in a process of its own, which enters the container's root before
 * it looks at the first of them. Prints one line of JSON, and behind it what the job yields; a failure is {"error"} and exit code 1.
 */
export async function treeMain(args: readonly string[]): Promise<number> {
  try {
    forbidTracing();
    setUmask(0);
    await runJob(JSON.parse(args[0] ?? "") as TreeJob);
    return 0;
  } catch (error) {
    reportFailure(error);
    return 1;
  }
}

async function runJob(job: TreeJob): Promise<void> {
  switch (job.kind) {
    case "stat":
      wayInto(job.root)();
      return report(statOf(findPath(nameFromText(job.path))));
    case "pack":
      return packPath(job);
    case "packAll":
      return packAll(job);
    case "unpack":
      return await unpack(job);
    case "changes":
      return listChanges(job);
    case "layer":
      return await makeLayer(job);
    case "snapshot":
      return takeSnapshot(job);
    default:
      job satisfies never;
  }
}

/** What takes the process into the root; the folder of a running container is received at once, before anything else is read. */
function wayInto(root: JobRoot): () => void {
  if (root.kind === "folder") return () => chroot(root.path);
  const [folder] = recvFds(0, new Uint8Array(new ArrayBuffer(1))).fds;
  if (folder === undefined) throw new EngineError("System", "the helper was given no folder");
  return () => {
    chrootTo(folder);
    closeFd(folder);
  };
}

function packPath({ root, path, emptied, whole }: Extract<TreeJob, { kind: "pack" }>): void {
  const asked = nameFromText(path);
  const top = baseName(absolutePath(asked));
  const output = new ArchiveOutput();
  using packer = new TreePacker({ emptied: emptiedBelow(absolutePath(asked), top, emptied), whole, sendFile: output.file });
  wayInto(root)();
  const found = findPath(asked);
  report(statOf(found));
  output.open();
  output.give(packer.entry(found.fd, top));
  output.give(packer.finish());
}

/** The archive's names of what lies at these paths; what was asked for itself is given whole. */
function emptiedBelow(folder: string, top: string, paths: readonly string[]): Set<string> {
  const base = folder.replace(/\/\.?$/, "");
  const names = paths.map(nameFromText).filter((path) => path.startsWith(`${base}/`)).map((path) => `${top === "/" ? "" : top}${path.slice(base.length)}`);
  return new Set(names);
}

function packAll({ root, prefix = "" }: Extract<TreeJob, { kind: "packAll" }>): void {
  const output = new ArchiveOutput();
  using packer = new TreePacker({ sendFile: output.file });
  wayInto(root)();
  report({});
  output.open();
  output.give(packer.content(openFolder("/"), prefix));
  output.give(packer.finish());
}

async function unpack({ root, path, keepKinds, owner, mounts, rootReadOnly, topToo, framing }: Extract<TreeJob, { kind: "unpack" }>): Promise<void> {
  const enter = wayInto(root);
  let plain = false;
  const { head, rest } = await peek(framing === undefined ? bytesOf(0, () => plain) : uploaded(framing, () => plain), MAGIC_BYTES);
  const compression = sniffCompression(head);
  plain = compression === "none";
  // Programs that decompress are the host's: they start before the container's files are the only ones.
  using decompressor = prepareDecompressor(compression);
  enter();
  const target = findFolder(nameFromText(path));
  requireWritable(target.path, mounts, rootReadOnly);
  await copyArchive(rest, target.fd, { format: "rootfs", compression, decompressor, copy: { target: target.path, keepKinds, owner, linksFrom: "root", topToo } });
  report({});
}

/**
 * An archive that is read from the connection of the engine's client itself: that comes with one byte of stdin, and behind it what the
 * engine had taken of the body.
 */
async function* uploaded(framing: Framing, mayReuse: () => boolean): AsyncGenerator<Uint8Array, void, void> {
  const [descriptor] = recvFds(0, new Uint8Array(new ArrayBuffer(1))).fds;
  if (descriptor === undefined) throw new EngineError("System", "the helper was given no connection");
  const begun: Uint8Array[] = [];
  for await (const piece of bytesOf(0, false)) begun.push(piece);
  for (const piece of receiveBody({ descriptor, framing, begun: Buffer.concat(begun) }, 1)) {
    requireReader();
    yield mayReuse() ? piece : piece.slice();
  }
}

/** Docker's checks, in its words; the kernel has the last one. */
function requireWritable(path: string, mounts: readonly WritableMount[], rootReadOnly: boolean): void {
  const holding = mounts.filter(({ destination }) => path === destination || path.startsWith(`${destination.replace(/\/+$/, "")}/`));
  if (holding.some(({ readOnly }) => readOnly)) throw new EngineError("InvalidParameter", "mounted volume is marked read-only");
  if (holding.length === 0 && rootReadOnly) throw new EngineError("InvalidParameter", "container rootfs is marked read-only");
}

const CHANGES_PER_PIECE = 2048;

function listChanges({ upper, lower, ignored }: Extract<TreeJob, { kind: "changes" }>): void {
  const tree = { upper: openFolder(upper), lower: lower === undefined ? undefined : openFolder(lower) };
  chrootTo(tree.upper);
  const changes = new TreeChanges(new Set(ignored), requireReader).of(tree);
  report({});
  const shown = ({ path, kind }: TreeChange): string => JSON.stringify({ Path: Buffer.from(path, "latin1").toString("utf8"), Kind: kind });
  if (changes.length === 0) return writeFd(1, Buffer.from("null\n"));
  for (let at = 0; at < changes.length; at += CHANGES_PER_PIECE) {
    const piece = changes.slice(at, at + CHANGES_PER_PIECE).map(shown).join(",");
    writeFd(1, Buffer.from(`${at === 0 ? "[" : ","}${piece}`));
  }
  writeFd(1, Buffer.from("]\n"));
}

async function makeLayer({ upper, target, ignored }: Extract<TreeJob, { kind: "layer" }>): Promise<void> {
  using packer = new TreePacker({ format: "layer", ignored: new Set(ignored.map((path) => path.replace(/^\//, ""))) });
  const source = openFolder(upper);
  const targetFd = openFolder(target);
  chrootTo(source);
  using decompressor = prepareDecompressor("none");
  const applied = await applyLayer(layerBytes(packer, source), targetFd, { format: "layer", anyLink: true, compression: "none", decompressor });
  report(applied);
}

function takeSnapshot({ source, target }: Extract<TreeJob, { kind: "snapshot" }>): void {
  const [from, to] = [openFolder(source), openFolder(target)];
  using snapshot = new TreeSnapshot(to);
  chrootTo(from);
  snapshot.take(from);
  report({});
}

async function* layerBytes(packer: TreePacker, source: number): AsyncGenerator<Uint8Array, void, void> {
  for (const piece of packer.content(source)) {
    requireReader();
    yield piece;
  }
  yield* packer.finish();
}

/** Nobody waits for the result of a job whose engine is gone: it would write beside the next engine's sweep. */
function requireReader(): void {
  if (peerIsGone(1)) throw new EngineError("System", "the engine is gone");
}

/**
 * Where an archive goes, which the engine says with one more byte: to the engine, or, when that byte brings a connection, straight to the
 * engine's client, in chunks of HTTP (RFC 9112, 7.1). The engine ends the answer.
 */
class ArchiveOutput {
  #socket: SocketOutput | undefined;

  open(): void {
    const { length, fds } = recvFds(0, new Uint8Array(new ArrayBuffer(1)));
    if (length === 0) throw new EngineError("System", "nobody wants the archive");
    const [client] = fds;
    this.#socket = client === undefined ? new SocketOutput(1, "bytes") : new SocketOutput(client, "chunks");
  }

  give(pieces: Iterable<Uint8Array>): void {
    for (const piece of pieces) this.#socket?.write(piece);
  }

  readonly file = (file: number, sizeBytes: number): void => this.#socket?.file(file, sizeBytes);
}

function report(value: unknown): void {
  writeSync(1, `${JSON.stringify(value)}\n`);
}
