import type { TreePacker } from "../archive/mod.ts";
import { closeFd, O, openat2, RESOLVE } from "../linux/mod.ts";
import { compareEntryPaths, FILE_KIND } from "../spec/mod.ts";
import type { ContextIndex } from "./context-index.ts";
import type { KeptMembers, MemberWriter, Run } from "./kept-members.ts";
import { FolderReader, hasSameHead } from "./list-changes.ts";
import { joined, nameBytes } from "./merged-folder.ts";

/** Larger files are read where they lie. */
const MAX_KEPT_BYTES = 64 * 1024;

export interface FolderMembers {
  /** In the context, and its list: the copy holds what it says. */
  readonly folder: string;
  readonly index: ContextIndex;
  /** The copy: its name in the archive, one character per byte, and what it lies in. */
  readonly place: string;
  readonly rootFd: number;
  readonly kept: KeptMembers | undefined;
  readonly writer: MemberWriter;
}

/** The members of what is in a folder, as the packer would give them, of which it gives only what is not kept. */
export function* folderMembers({ folder, index, place, rootFd, kept, writer }: FolderMembers, packer: TreePacker): Generator<Uint8Array, void, void> {
  const placeFd = openat2(rootFd, place === "" ? "." : nameBytes(place), { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW, resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS });
  try {
    const old = kept && new FolderReader(kept.index, folder);
    let run: Run | undefined;
    for (const now = new FolderReader(index, folder); now.has; now.next()) {
      const known = old && isAmong(old, now) ? kept?.at(old.number) : undefined;
      if (known) {
        writer.keep(known);
        if (run && run.file === known.file && run.offset + run.length === known.offset) run = { ...run, length: run.length + known.length };
        else {
          if (run) yield* kept?.read(run) ?? [];
          yield* writer.flush();
          run = known;
        }
        continue;
      }
      if (run) yield* kept?.read(run) ?? [];
      run = undefined;
      yield* fresh(now, { placeFd, place, writer }, packer);
    }
    if (run) yield* kept?.read(run) ?? [];
    yield* writer.flush();
  } finally {
    closeFd(placeFd);
  }
}

/** Brings `old` to the entry; false where it was not there, or another one. */
function isAmong(old: FolderReader, now: FolderReader): boolean {
  while (old.has) {
    if (old.entry.hasSamePath(now.entry)) return hasSameHead(old.entry, now.entry) && (now.entry.kind !== FILE_KIND.file || old.hasSameContent(now));
    if (compareEntryPaths(old.entry.path, now.entry.path) > 0) return false;
    old.next();
  }
  return false;
}

function* fresh(now: FolderReader, { placeFd, place, writer }: { readonly placeFd: number; readonly place: string; readonly writer: MemberWriter }, packer: TreePacker): Generator<Uint8Array, void, void> {
  const path = Buffer.from(now.path, "utf8").toString("latin1");
  const fd = openat2(placeFd, nameBytes(path), { flags: O.PATH | O.NOFOLLOW, resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS });
  try {
    const member = packer.member(fd, joined(place, path));
    if (now.entry.size <= MAX_KEPT_BYTES) {
      const pieces: Uint8Array[] = [];
      for (const piece of member) pieces.push(piece.slice());
      return yield* writer.add([...pieces, packer.rest()]);
    }
    yield* writer.flush();
    yield* member;
    yield packer.rest();
    writer.keep(undefined);
  } finally {
    closeFd(fd);
  }
}
