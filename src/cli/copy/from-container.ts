import { posix } from "node:path";
import { LocalUnpacker, receiveBody } from "../../archive/mod.ts";
import { readArchive, statPath, type Client } from "../../client/mod.ts";
import { Failure } from "../failure.ts";
import { StreamWriter } from "../output.ts";
import { checkOutputPath, localPath, localTarget } from "./local.ts";
import { CopyRefused, placeCopy, rebaseName, splitEntry, type CopySide } from "./paths.ts";

export interface FromContainer {
  readonly client: Client;
  readonly container: string;
  readonly source: string;
  /** A path of this machine, or - for a tar on standard output. */
  readonly target: string;
  readonly followLink: boolean;
}

/** Bits of Go's os.FileMode. */
export const GO_MODE = { DIRECTORY: 2 ** 31, SYMLINK: 2 ** 27, DEVICE: 2 ** 26, IRREGULAR: 2 ** 19 } as const;
export const hasMode = (mode: number, bit: number): boolean => Math.floor(mode / bit) % 2 === 1;

/** @returns the bytes of the archive. @throws Failure, ApiError */
export async function copyFromContainer({ client, container, source, target, followLink }: FromContainer): Promise<{ bytes: number; target: string }> {
  const local = target === "-" ? "-" : localPath(target);
  checkOutputPath(local);
  const followed = followLink ? await followedSource(client, container, source) : { path: source, rebaseName: undefined };
  const { stat, answer } = await readArchive(client, container, followed.path);
  if (local === "-") {
    const out = new StreamWriter(1);
    for await (const piece of answer.body) await out.write(piece);
    return { bytes: 0, target: local };
  }
  const side: CopySide = { path: followed.path, exists: true, isFolder: hasMode(stat.mode, GO_MODE.DIRECTORY), rebaseName: followed.rebaseName };
  const placed = refusedAsFailure(() => placeCopy(side, localTarget(local)));
  // The engine names the archive after the link's target, the user after the link.
  const named = followed.rebaseName === undefined ? undefined : { from: splitEntry(followed.path).entry, to: followed.rebaseName };
  const rename = placed.rename && named ? { from: named.from, to: placed.rename.to } : (placed.rename ?? named);
  let bytes = 0;
  using unpacker = new LocalUnpacker(placed.folder, rename);
  const take = (piece: Uint8Array): void => {
    bytes += piece.length;
    unpacker.push(piece);
  };
  const direct = answer.onConnection();
  if (direct) for (const piece of receiveBody(direct)) take(piece);
  else for await (const piece of answer.body) take(piece);
  unpacker.finish();
  return { bytes, target: local };
}


async function followedSource(client: Client, container: string, source: string): Promise<{ path: string; rebaseName: string | undefined }> {
  const stat = await statPath(client, container, source).catch(() => undefined);
  if (!stat || !hasMode(stat.mode, GO_MODE.SYMLINK)) return { path: source, rebaseName: undefined };
  const target = stat.linkTarget.startsWith("/") ? stat.linkTarget : posix.join(splitEntry(source).folder, stat.linkTarget);
  return rebaseName(source, target);
}

export function refusedAsFailure<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof CopyRefused ? new Failure(error.message) : error;
  }
}
