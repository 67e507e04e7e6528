import { EngineError } from "../base/mod.ts";
import { AT, closeFd, fchmod, fchownat, flistxattr, fgetxattr, fsetxattr, fstat, mkdirat, unlinkat, utimensat } from "../linux/mod.ts";
import { isFolder, isOpaque, isWhiteout, joined, nameBytes, openFolderAt, statOf, type MergedFolder } from "./merged-folder.ts";
import type { Stat } from "../linux/mod.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export const OPAQUE = "trusted.overlay.opaque";
const YES = Buffer.from("y");

/**
 * A folder of the layer that is being made, and what lies below it in the layers beneath (undefined where nothing does, or it is hidden).
 * Writing here is as writing through overlay: folders from beneath are made here like they are there.
 */
export class TargetFolder implements Disposable {
  constructor(
    readonly fd: number,
    readonly below: MergedFolder | undefined,
    readonly path: string,
    /** Made by this layer: what is written into it need not be looked for first. */
    readonly fresh: boolean,
  ) {
    this.mtimeNs = fresh ? undefined : fstat(fd).mtimeNs;
  }

  /** Of what was there before, kept: writing into a folder of others is no change of it. */
  mtimeNs: bigint | undefined;

  [Symbol.dispose](): void {
    if (this.mtimeNs !== undefined) utimensat(this.fd, "", this.mtimeNs, this.mtimeNs, AT.EMPTY_PATH);
    closeFd(this.fd);
    this.below?.[Symbol.dispose]();
  }

  /** What the name shows, not followed. */
  child(name: string): Stat | undefined {
    const own = statOf(this.fd, name);
    if (own) return isWhiteout(own) ? undefined : own;
    return this.below?.child(name)?.stat;
  }

  /** The folder of that name, taken over from beneath where it is not here yet; undefined when nothing of the name is there. @throws EngineError for what is no folder */
  enter(name: string): TargetFolder | undefined {
    const own = statOf(this.fd, name);
    if (own && !isWhiteout(own)) {
      if (!isFolder(own)) throw this.notFolder(name);
      const fd = this.#open(name);
      return new TargetFolder(fd, isOpaque(fd) ? undefined : this.below?.enter(name), joined(this.path, name), false);
    }
    const beneath = own ? undefined : this.below?.child(name);
    if (!beneath) return undefined;
    if (!isFolder(beneath.stat)) throw this.notFolder(name);
    const below = this.below?.enter(name);
    mkdirat(this.fd, nameBytes(name), 0o700);
    const fd = this.#open(name);
    likeFolder(fd, below);
    return new TargetFolder(fd, below, joined(this.path, name), false);
  }

  /** A new, empty folder, root's and 0700, where nothing is to be seen. */
  make(name: string): TargetFolder {
    const hidden = statOf(this.fd, name);
    if (hidden) unlinkat(this.fd, nameBytes(name));
    mkdirat(this.fd, nameBytes(name), 0o700);
    const fd = this.#open(name);
    // What the whiteout hid must not come to light in the new folder.
    if (hidden) fsetxattr(fd, OPAQUE, YES);
    return new TargetFolder(fd, undefined, joined(this.path, name), true);
  }

  /** Makes room for what is no folder. @throws EngineError when a folder is there */
  clear(name: string): void {
    // Each name comes once while the folder is new.
    if (this.fresh) return;
    const shown = this.child(name);
    if (shown && isFolder(shown)) throw new EngineError("InvalidParameter", `cannot replace to directory /${joined(this.path, name)} with file`);
    if (statOf(this.fd, name)) unlinkat(this.fd, nameBytes(name));
  }

  notFolder(name: string): EngineError {
    return new EngineError("InvalidParameter", `cannot copy to non-directory: /${joined(this.path, name)}`);
  }

  #open(name: string): number {
    const fd = openFolderAt(this.fd, name);
    if (fd === undefined) throw this.notFolder(name);
    return fd;
  }
}

/** Owner, mode, attributes and time of a folder beneath: the merged folder shows the topmost one's. */
function likeFolder(fd: number, model: MergedFolder | undefined): void {
  const [top] = model?.parts ?? [];
  if (!top) return;
  const { uid, gid, mode, mtimeNs } = fstat(top.fd);
  if (uid !== 0 || gid !== 0) fchownat(fd, "", uid, gid, AT.EMPTY_PATH);
  fchmod(fd, mode & 0o7777);
  copyXattrs(top.fd, fd);
  utimensat(fd, "", mtimeNs, mtimeNs, AT.EMPTY_PATH);
}

export function copyXattrs(from: number, to: number): void {
  for (const name of flistxattr(from)) {
    if (name !== "security.capability" && !(name.startsWith("user.") && !name.startsWith("user.overlay."))) continue;
    const value = fgetxattr(from, name);
    if (value) fsetxattr(to, name, value);
  }
}
