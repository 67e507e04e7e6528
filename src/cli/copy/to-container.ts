import { posix } from "node:path";
import { packLocal, sendLocal, type LocalEntry } from "../../archive/mod.ts";
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
    await writeArchive(client, container, side.path, { body: Bun.stdin.stream() }, copyOwners);
    return { bytes: 0, target: side.path };
  }
  const from = localSource(local, followLink);
  const placed = refusedAsFailure(() => placeCopy(from, side));
  const { folder, entry } = splitEntry(from.path);
  const name = placed.rename?.to ?? from.rebaseName ?? entry;
  const body = new LocalArchive({ folder, entry, name });
  await writeArchive(client, container, placed.folder, { body, writeBody: body.writeBody }, copyOwners);
  if (body.failure !== undefined) throw body.failure;
  return { bytes: body.bytes, target: side.path };
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

/** Sent by one of two ways: in pieces, or straight to the connection. */
class LocalArchive implements AsyncIterable<Uint8Array> {
  bytes = 0;
  /** What kept the archive from being whole: the engine says only that it was broken off. */
  failure: unknown;

  constructor(readonly local: LocalEntry) {}

  readonly writeBody = (connection: number): void => {
    try {
      this.bytes = sendLocal(this.local, connection);
    } catch (error) {
      this.failure = error;
      throw error;
    }
  };

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (const piece of packLocal(this.local)) {
        this.bytes += piece.length;
        yield piece;
      }
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}
