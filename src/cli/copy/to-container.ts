import { posix } from "node:path";
import { packLocal } from "../../archive/mod.ts";
import { statPath, writeArchive, type Client } from "../../client/mod.ts";
import { Failure } from "../failure.ts";
import { GO_MODE, hasMode, refusedAsFailure } from "./from-container.ts";
import { localPath, localSource } from "./local.ts";
import { placeCopy, splitEntry, type CopySide } from "./paths.ts";

export interface ToContainer {
  readonly client: Client;
  readonly container: string;
  /** A path of this machine, or - for a tar on standard input. */
  readonly source: string;
  readonly target: string;
  readonly followLink: boolean;
  readonly copyOwners: boolean;
}

/** @returns the bytes of the archive and where it went. @throws Failure, ApiError */
export async function copyToContainer({ client, container, source, target, followLink, copyOwners }: ToContainer): Promise<{ bytes: number; target: string }> {
  const local = source === "-" ? "-" : localPath(source);
  const side = await targetSide(client, container, target);
  if (local === "-") {
    if (!side.isFolder) throw new Failure(`destination "${container}:${target}" must be a directory`);
    await writeArchive(client, container, side.path, Bun.stdin.stream(), copyOwners);
    return { bytes: 0, target: side.path };
  }
  const from = localSource(local, followLink);
  const placed = refusedAsFailure(() => placeCopy(from, side));
  const { folder, entry } = splitEntry(from.path);
  const name = placed.rename?.to ?? from.rebaseName ?? entry;
  const counted = new CountedPieces(packLocal(folder, entry, name));
  await writeArchive(client, container, placed.folder, counted, copyOwners);
  if (counted.failure !== undefined) throw counted.failure;
  return { bytes: counted.bytes, target: side.path };
}

/** What stands at the target; a link's own target where it is one. A path that cannot be looked at may still be made. */
export async function targetSide(client: Client, container: string, target: string): Promise<CopySide> {
  let path = target;
  let stat = await statPath(client, container, target).catch(() => undefined);
  if (stat && hasMode(stat.mode, GO_MODE.SYMLINK)) {
    path = stat.linkTarget.startsWith("/") ? stat.linkTarget : posix.join(splitEntry(target).folder, stat.linkTarget);
    stat = await statPath(client, container, path).catch(() => undefined);
  }
  if (stat && hasMode(stat.mode, GO_MODE.DEVICE)) throw new Failure(`destination "${container}:${target}" must be a directory or a regular file: got a device`);
  return { path, exists: stat !== undefined, isFolder: stat !== undefined && hasMode(stat.mode, GO_MODE.DIRECTORY) };
}

class CountedPieces implements AsyncIterable<Uint8Array> {
  bytes = 0;
  /** What kept the archive from being whole: the engine says only that it was broken off. */
  failure: unknown;

  constructor(readonly pieces: Iterable<Uint8Array>) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (const piece of this.pieces) {
        this.bytes += piece.length;
        yield piece;
      }
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}
