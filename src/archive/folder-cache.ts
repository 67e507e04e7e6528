import { closeFd, fchmod, hasCode, mkdirat, O, openat2, RESOLVE, SyscallError } from "../linux/mod.ts";
import { refused } from "./entry-path.ts";
import { nameBytes } from "./entry.ts";

/** Open folders kept at hand; an archive lists siblings together, so a few suffice. */
const KEPT = 32;

/**
 * Folders of the tree being written, by normalised path. Links in the path are followed as they would be inside the
 * root (RESOLVE_IN_ROOT): an absolute or climbing target never leaves it. A process that is chrooted may say otherwise.
 */
export class FolderCache implements Disposable {
  readonly #open = new Map<string, number>();

  constructor(
    readonly rootFd: number,
    readonly resolve: number = RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS,
  ) {}

  /** The folder's descriptor, valid until the next call; missing folders are made. @throws EngineError InvalidParameter */
  at(path: string): number {
    if (path === "") return this.rootFd;
    const known = this.#open.get(path);
    if (known !== undefined) {
      this.#open.delete(path);
      this.#open.set(path, known);
      return known;
    }
    const fd = this.#openOrMake(path);
    this.#open.set(path, fd);
    if (this.#open.size > KEPT) this.#dropOldest();
    return fd;
  }

  /** To be called when a folder or a link is replaced: links may have led any path through it. */
  clear(): void {
    for (const fd of this.#open.values()) closeFd(fd);
    this.#open.clear();
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #dropOldest(): void {
    const [oldest] = this.#open;
    if (!oldest) return;
    closeFd(oldest[1]);
    this.#open.delete(oldest[0]);
  }

  #openOrMake(path: string): number {
    const fd = this.#tryOpen(path);
    if (fd !== undefined) return fd;
    const slash = path.lastIndexOf("/");
    const parent = this.at(slash < 0 ? "" : path.slice(0, slash));
    const base = path.slice(slash + 1);
    try {
      mkdirat(parent, nameBytes(base), 0o755);
    } catch (error) {
      if (hasCode(error, "EEXIST")) throw refused(path, "what stands there is no folder, or a link to nothing");
      throw error;
    }
    const made = openat2(parent, nameBytes(base), { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW, resolve: RESOLVE.BENEATH });
    fchmod(made, 0o755);
    return made;
  }

  #tryOpen(path: string): number | undefined {
    try {
      return openat2(this.rootFd, nameBytes(path), { flags: O.RDONLY | O.DIRECTORY, resolve: this.resolve });
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      if (error instanceof SyscallError && hasCode(error, "ENOTDIR", "ELOOP", "ENAMETOOLONG")) throw refused(path, `its folder cannot be entered (${error.message})`);
      throw error;
    }
  }
}
