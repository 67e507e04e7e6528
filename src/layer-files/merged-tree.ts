import { EngineError } from "../base/mod.ts";
import { S, type Stat } from "../linux/mod.ts";
import { joined, kindOf, linkText, MergedFolder, openFile, type MergedEntry } from "./merged-folder.ts";
import { closeFd, readFd } from "../linux/mod.ts";

/** As the kernel's and Docker's. */
const MAX_LINKS = 255;

/** Where a path leads when its links are followed inside of the root. */
export interface Resolved {
  /** Without links, as far as it exists; no slash at either end, "" is the root. */
  readonly path: string;
  /** Undefined when nothing is there. */
  readonly stat: Stat | undefined;
}

/** Stacked layers as one file system; links lead nowhere but inside of it. */
export class MergedTree implements Disposable {
  readonly root: MergedFolder;

  /** @param folders of the layers, top first */
  constructor(readonly folders: readonly string[]) {
    this.root = MergedFolder.open(folders);
  }

  [Symbol.dispose](): void {
    this.root[Symbol.dispose]();
  }

  /** `followLast` false: what the last component names, be it a link. */
  resolve(path: string, followLast: boolean): Resolved {
    const pending = path.split("/").reverse();
    let done: string[] = [];
    let links = 0;
    while (pending.length > 0) {
      const part = pending.pop() ?? "";
      if (part === "" || part === ".") continue;
      if (part === "..") {
        done.pop();
        continue;
      }
      const entry = this.entry([...done, part].join("/"));
      const last = !pending.some((rest) => rest !== "" && rest !== ".");
      if (entry && kindOf(entry.stat) === S.IFLNK && (followLast || !last)) {
        if (++links > MAX_LINKS) throw new EngineError("InvalidParameter", `too many links in ${path}`);
        const target = linkText(entry);
        if (target.startsWith("/")) done = [];
        pending.push(...target.split("/").reverse());
      } else done.push(part);
    }
    const resolved = done.join("/");
    return { path: resolved, stat: resolved === "" ? this.root.stat : this.entry(resolved)?.stat };
  }

  /** By a path without links. */
  entry(path: string): MergedEntry | undefined {
    const slash = path.lastIndexOf("/");
    const folder = this.folder(slash < 0 ? "" : path.slice(0, slash));
    if (!folder) return undefined;
    const entry = folder.child(path.slice(slash + 1));
    if (folder !== this.root) this.#kept(folder);
    return entry;
  }

  /** By a path without links; open until the next call. Undefined when no folder is there. */
  folder(path: string): MergedFolder | undefined {
    if (path === "") return this.root;
    if (this.#last?.path === path) return this.#last;
    let folder: MergedFolder = this.root;
    for (const part of path.split("/")) {
      const next = folder.enter(part);
      if (folder !== this.root) folder[Symbol.dispose]();
      if (!next) return undefined;
      folder = next;
    }
    return this.#kept(folder);
  }

  /** A small file, links followed; undefined when there is none. */
  readFile(path: string, maxBytes: number): Uint8Array | undefined {
    const { path: real, stat } = this.resolve(path, true);
    if (!stat || kindOf(stat) !== S.IFREG || stat.size > maxBytes) return undefined;
    const entry = this.entry(real);
    if (!entry) return undefined;
    const fd = openFile(entry);
    try {
      const bytes = new Uint8Array(new ArrayBuffer(stat.size));
      let length = 0;
      while (length < bytes.length) {
        const read = readFd(fd, bytes.subarray(length));
        if (read === 0) break;
        length += read;
      }
      return bytes.subarray(0, length);
    } finally {
      closeFd(fd);
    }
  }

  /** What was opened before may be out of date: something was written. */
  forget(): void {
    this.#last?.[Symbol.dispose]();
    this.#last = undefined;
  }

  #last: MergedFolder | undefined;

  #kept(folder: MergedFolder): MergedFolder {
    if (this.#last !== folder) this.forget();
    this.#last = folder;
    return folder;
  }
}

export { joined };
