import { AT, closeFd, fgetxattr, fstat, hasCode, O, openat2, readDirectory, readlinkat, RESOLVE, S, statx, type Stat } from "../linux/mod.ts";

/** One of the stacked folders: an open descriptor, and which of the stack it is, 0 the topmost. */
export interface Part {
  readonly fd: number;
  readonly layer: number;
}

/** A name in a merged folder, not followed. Names are one character per byte. */
export interface MergedEntry {
  readonly name: string;
  /** The folder that has it. */
  readonly parent: Part;
  readonly stat: Stat;
}

export const kindOf = ({ mode }: Stat): number => mode & S.IFMT;
export const isFolder = (stat: Stat): boolean => kindOf(stat) === S.IFDIR;
export const isWhiteout = (stat: Stat): boolean => kindOf(stat) === S.IFCHR && stat.rdevMajor === 0 && stat.rdevMinor === 0;
export const isOpaque = (fd: number): boolean => fgetxattr(fd, "trusted.overlay.opaque")?.[0] === 0x79;

export const nameBytes = (name: string): Uint8Array => Buffer.from(name, "latin1");
export const nameText = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/**
 * A folder of stacked layers as overlay would show it: upper names hide lower ones, whiteouts and opaque folders hide what is below.
 * No link is ever followed here. Closing is the opener's affair.
 */
export class MergedFolder implements Disposable {
  constructor(
    /** Top first. */
    readonly parts: readonly Part[],
    /** Where it is, without slashes at either end. */
    readonly path: string,
  ) {}

  /** Folders that are there, top first; a missing one is skipped. */
  static open(folders: readonly string[]): MergedFolder {
    return new MergedFolder(folders.map((folder, layer) => ({ fd: openat2(AT.FDCWD, folder, { flags: O.RDONLY | O.DIRECTORY }), layer })), "");
  }

  get stat(): Stat | undefined {
    const [top] = this.parts;
    return top && fstat(top.fd);
  }

  child(name: string): MergedEntry | undefined {
    for (const parent of this.parts) {
      const stat = statOf(parent.fd, name);
      if (stat) return isWhiteout(stat) ? undefined : { name, parent, stat };
    }
    return undefined;
  }

  /** The folder of that name; undefined when there is none. */
  enter(name: string): MergedFolder | undefined {
    const parts: Part[] = [];
    for (const { fd, layer } of this.parts) {
      const stat = statOf(fd, name);
      if (!stat) continue;
      if (!isFolder(stat)) break;
      const opened = openFolderAt(fd, name);
      if (opened === undefined) break;
      parts.push({ fd: opened, layer });
      if (isOpaque(opened)) break;
    }
    return parts.length === 0 ? undefined : new MergedFolder(parts, joined(this.path, name));
  }

  /** Sorted by their bytes. */
  entries(): MergedEntry[] {
    const found = new Map<string, MergedEntry | undefined>();
    for (const parent of this.parts) {
      // Read through a descriptor of its own: one that has been read to its end yields nothing more.
      const reading = openat2(parent.fd, ".", { flags: O.RDONLY | O.DIRECTORY });
      try {
        for (const { name: bytes } of readDirectory(reading)) {
          const name = nameText(bytes);
          if (found.has(name)) continue;
          const stat = statOf(parent.fd, name);
          if (stat) found.set(name, isWhiteout(stat) ? undefined : { name, parent, stat });
        }
      } finally {
        closeFd(reading);
      }
    }
    return [...found.values()].filter((entry) => entry !== undefined).sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.parts) closeFd(fd);
  }
}

export const joined = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`);

export function linkText({ parent, name }: MergedEntry): string {
  return nameText(readlinkat(parent.fd, nameBytes(name)));
}

/** The entry opened for reading; never a pipe or a device. */
export function openFile({ parent, name }: MergedEntry): number {
  return openat2(parent.fd, nameBytes(name), { flags: O.RDONLY | O.NOFOLLOW | O.NONBLOCK | O.NOCTTY, resolve: RESOLVE.BENEATH });
}

export function statOf(fd: number, name: string): Stat | undefined {
  try {
    return statx(fd, nameBytes(name));
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) return undefined;
    throw error;
  }
}

export function openFolderAt(fd: number, name: string): number | undefined {
  try {
    return openat2(fd, nameBytes(name), { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW, resolve: RESOLVE.BENEATH });
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}
