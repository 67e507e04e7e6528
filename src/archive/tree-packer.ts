import { AT, closeFd, dataRuns, fgetxattr, flistxattr, fstat, hasCode, isKernelFileSystem, O, openat2, openOwnDescriptors, readDirectory, readFd, readlinkat, RESOLVE, S, seek, type Stat } from "../linux/mod.ts";
import { EngineError } from "../base/mod.ts";
import { nameBytes, type SparseRun, type TarKind } from "./entry.ts";
import { putHeader, TYPE_FLAGS } from "./header-block.ts";
import { BLOCK } from "./tar-numbers.ts";
import { encodeHeader, fitsUstar, padding, type NewEntry } from "./tar-writer.ts";

export interface PackOptions {
  /** `layer`: overlay's marks become whiteouts (OCI image spec, layer.md). */
  readonly format?: "plain" | "layer";
  /** Names in the archive of folders whose content stays out. */
  readonly emptied?: ReadonlySet<string>;
  /** False: folders are all of one time, for whoever compares; one that no archive named is as old as its unpacking. */
  readonly folderTimes?: boolean;
  /** Names that stay out themselves when they are empty. */
  readonly ignored?: ReadonlySet<string>;
  /** Times to the nanosecond, holes as holes, access lists too: for an archive that is to be the same again. */
  readonly whole?: boolean | undefined;
  /** Seconds: nothing is said to be younger. */
  readonly latestSeconds?: number | undefined;
  /** Takes the content of a large file, which starts where the descriptor stands, when all pieces before it were given out. */
  readonly sendFile?: (fd: number, sizeBytes: number) => void;
  /** Of a folder's name in the archive: the members of what is in it, where they need not be looked for. */
  readonly inside?: ((name: string) => Iterable<Uint8Array> | undefined) | undefined;
}

const CHUNK_BYTES = 1024 * 1024;
const LARGE_BYTES = CHUNK_BYTES / 4;
/** Folders above an entry: as many as a path of PATH_MAX bytes has room for. */
const MAX_DEPTH = 2048;

/**
 * Writes a tar of a tree in pieces of up to a megabyte; each is valid until the next is asked for. Names are sorted, times are
 * whole seconds (as Docker's), so that the same tree gives the same bytes.
 *
 * Every name is looked up once, without opening it, and a regular file is then opened through its descriptor: whoever changes the tree
 * meanwhile never makes us open a device or a pipe. So it must be made before a chroot.
 */
export class TreePacker implements Disposable {
  readonly #descriptors = openOwnDescriptors();
  readonly #buffer = Buffer.from(new ArrayBuffer(CHUNK_BYTES));
  readonly #links = new Map<string, string>();
  readonly #options: PackOptions;
  #used = 0;

  constructor(options: PackOptions = {}) {
    this.#options = options;
  }

  [Symbol.dispose](): void {
    closeFd(this.#descriptors);
  }

  /** What the descriptor (O_PATH will do) holds, under this name; a folder with all that is in it. `name` "/" and "." as in Docker. */
  *entry(fd: number, name: string): Generator<Uint8Array, void, void> {
    yield* this.#node(fd, fstat(fd), name, 0, -1);
  }

  /** What is in a folder, without the folder itself. */
  *content(fd: number, prefix = ""): Generator<Uint8Array, void, void> {
    const inside = this.#options.inside?.(prefix);
    if (inside) return yield* this.#given(inside);
    const folder = openat2(fd, ".", { flags: O.RDONLY | O.DIRECTORY });
    try {
      yield* this.#children(folder, prefix, 0, fstat(folder).dev);
    } finally {
      closeFd(folder);
    }
  }

  /** The member of what the descriptor holds alone: of a folder, without what is in it. Its last piece is the `rest`. */
  *member(fd: number, name: string): Generator<Uint8Array, void, void> {
    const stat = fstat(fd);
    if ((stat.mode & S.IFMT) === S.IFREG && this.#putSmallFile(fd, stat, name)) return;
    if ((stat.mode & S.IFMT) !== S.IFDIR) return yield* this.#node(fd, stat, name, 0, -1);
    const folder = openat2(fd, ".", { flags: O.RDONLY | O.DIRECTORY });
    try {
      yield* this.#folderHeader(folder, stat, name);
    } finally {
      closeFd(folder);
    }
  }

  /** What was put and not given out yet. */
  rest(): Uint8Array {
    return this.#take();
  }

  *#given(pieces: Iterable<Uint8Array>): Generator<Uint8Array, void, void> {
    yield this.#take();
    yield* pieces;
  }

  /** The archive's end mark, and what is left to be given out. */
  *finish(): Generator<Uint8Array, void, void> {
    if (this.#room() < 2 * BLOCK) yield this.#take();
    this.#zeros(2 * BLOCK);
    yield this.#take();
  }

  *#children(folder: number, prefix: string, depth: number, device: number): Generator<Uint8Array, void, void> {
    if (depth >= MAX_DEPTH) throw new EngineError("InvalidParameter", "the folders are nested too deep");
    const names = readDirectory(folder).map((entry) => Buffer.from(entry.name).toString("latin1")).sort();
    for (const name of names) {
      const full = prefix + name;
      const fd = this.#lookUp(folder, name);
      // It was removed since the folder was read.
      if (fd === undefined) continue;
      try {
        const stat = fstat(fd);
        if ((stat.mode & S.IFMT) === S.IFREG && this.#putSmallFile(fd, stat, full)) continue;
        yield* this.#node(fd, stat, full, depth + 1, device);
      } finally {
        closeFd(fd);
      }
    }
  }

  #lookUp(folder: number, name: string): number | undefined {
    try {
      return openat2(folder, nameBytes(name), { flags: O.PATH | O.NOFOLLOW, resolve: RESOLVE.BENEATH });
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  *#node(fd: number, stat: Stat, name: string, depth: number, parentDevice: number): Generator<Uint8Array, void, void> {
    switch (stat.mode & S.IFMT) {
      case S.IFDIR:
        return yield* this.#folder(fd, name, depth, parentDevice);
      case S.IFREG:
        return yield* this.#file(fd, stat, name);
      case S.IFLNK:
        return yield* this.#single(stat, name, "symlink", Buffer.from(readlinkat(fd, "")).toString("latin1"));
      case S.IFIFO:
        return yield* this.#single(stat, name, "fifo");
      case S.IFCHR:
        if (this.#options.format === "layer" && stat.rdevMajor === 0 && stat.rdevMinor === 0) return yield* this.#mark(name, stat);
        return yield* this.#single(stat, name, "charDevice");
      case S.IFBLK:
        return yield* this.#single(stat, name, "blockDevice");
      default:
        // A socket means nothing without the process behind it; Docker leaves it out too.
        return;
    }
  }

  *#folder(pathFd: number, name: string, depth: number, parentDevice: number): Generator<Uint8Array, void, void> {
    const fd = openat2(pathFd, ".", { flags: O.RDONLY | O.DIRECTORY });
    try {
      const stat = fstat(fd);
      if (this.#options.ignored?.has(name) && isEmpty(pathFd)) return;
      yield* this.#folderHeader(fd, stat, name);
      const inside = this.#options.inside?.(name);
      if (inside) return yield* this.#given(inside);
      const mounted = parentDevice !== -1 && stat.dev !== parentDevice;
      if (this.#options.emptied?.has(name) || (mounted && isKernelFileSystem(fd))) return;
      yield* this.#children(fd, folderName(name), depth, stat.dev);
    } finally {
      closeFd(fd);
    }
  }

  *#folderHeader(fd: number, stat: Stat, name: string): Generator<Uint8Array, void, void> {
    const prefix = folderName(name);
    yield* this.#header({ ...this.#described(stat, "directory"), ...(this.#options.folderTimes === false && { mtimeNs: 0n }), name: prefix, xattrs: keptXattrs(fd, this.#options.whole) });
    if (this.#options.format === "layer" && fgetxattr(fd, "trusted.overlay.opaque")?.[0] === OPAQUE) yield* this.#mark(`${prefix}.wh..opq`, stat);
  }

  *#single(stat: Stat, name: string, kind: TarKind, linkName = ""): Generator<Uint8Array, void, void> {
    const seen = this.#seenAs(stat, name);
    if (seen !== undefined) return yield* this.#header({ ...this.#described(stat, "hardLink"), name, linkName: seen });
    yield* this.#header({ ...this.#described(stat, kind), name, linkName, devMajor: stat.rdevMajor, devMinor: stat.rdevMinor });
  }

  /** A whiteout of `name`. */
  *#mark(name: string, stat: Stat): Generator<Uint8Array, void, void> {
    const slash = name.lastIndexOf("/") + 1;
    yield* this.#header({ ...this.#described(stat, "file"), mode: 0o600, uid: 0, gid: 0, name: `${name.slice(0, slash)}.wh.${name.slice(slash)}` });
  }

  /** Most files are small: whole ones are put without a generator. False when there is no room, or it is no ordinary case. */
  #putSmallFile(pathFd: number, stat: Stat, name: string): boolean {
    if ((stat.nlink > 1 && this.#links.has(linkKey(stat))) || (this.#options.whole && hasHoles(stat)) || stat.size + 2 * BLOCK > this.#room() || this.#options.ignored !== undefined) return false;
    const fd = this.#openFile(pathFd);
    try {
      const entry = { ...this.#described(stat, "file"), name, size: stat.size, xattrs: keptXattrs(fd, this.#options.whole) };
      if (!fitsUstar(entry)) return false;
      this.#seenAs(stat, name);
      this.#putHeader(entry);
      this.#putData(fd, stat.size);
      this.#pad(stat.size);
      return true;
    } finally {
      closeFd(fd);
    }
  }

  *#file(pathFd: number, stat: Stat, name: string): Generator<Uint8Array, void, void> {
    if (stat.size === 0 && this.#options.ignored?.has(name)) return;
    const seen = this.#seenAs(stat, name);
    if (seen !== undefined) return yield* this.#header({ ...this.#described(stat, "hardLink"), name, linkName: seen });
    const fd = this.#openFile(pathFd);
    try {
      const runs = this.#options.whole && hasHoles(stat) ? dataRuns(fd, stat.size, MAX_RUNS) : undefined;
      if (runs) return yield* this.#sparse(fd, stat, name, runs);
      yield* this.#header({ ...this.#described(stat, "file"), name, size: stat.size, xattrs: keptXattrs(fd, this.#options.whole) });
      if (this.#options.sendFile && stat.size >= LARGE_BYTES) {
        yield this.#take();
        this.#options.sendFile(fd, stat.size);
      } else yield* this.#data(fd, stat.size);
      if (this.#room() < BLOCK) yield this.#take();
      this.#pad(stat.size);
    } finally {
      closeFd(fd);
    }
  }

  /** As GNU tar's format 1.0: a map of what is there, then only that. */
  *#sparse(fd: number, stat: Stat, name: string, runs: readonly SparseRun[]): Generator<Uint8Array, void, void> {
    const map = sparseMap(runs);
    const stored = runs.reduce((total, { length }) => total + length, map.length);
    yield* this.#header({ ...this.#described(stat, "file"), name, size: stored, xattrs: keptXattrs(fd, true), holes: { realSize: stat.size } });
    for (let done = 0; done < map.length; ) {
      if (this.#room() === 0) yield this.#take();
      const part = map.subarray(done, done + this.#room());
      this.#buffer.set(part, this.#used);
      this.#used += part.length;
      done += part.length;
    }
    for (const { offset, length } of runs) {
      seek(fd, offset);
      yield* this.#data(fd, length);
    }
    if (this.#room() < BLOCK) yield this.#take();
    this.#pad(stored);
  }

  #described(stat: Stat, kind: TarKind): Omit<NewEntry, "name"> {
    const { whole, latestSeconds } = this.#options;
    const mtimeNs = whole ? stat.mtimeNs : (stat.mtimeNs / NS) * NS;
    const latestNs = latestSeconds === undefined ? mtimeNs : BigInt(latestSeconds) * NS;
    return { kind, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, mtimeNs: mtimeNs > latestNs ? latestNs : mtimeNs };
  }

  *#data(fd: number, sizeBytes: number): Generator<Uint8Array, void, void> {
    for (let left = sizeBytes; left > 0; ) {
      if (this.#room() === 0) yield this.#take();
      const part = Math.min(left, this.#room());
      this.#putData(fd, part);
      left -= part;
    }
  }

  #openFile(pathFd: number): number {
    const flags = O.RDONLY | O.NOCTTY;
    try {
      return openat2(this.#descriptors, String(pathFd), { flags: flags | O.NONBLOCK });
    } catch (error) {
      if (!hasCode(error, "EAGAIN")) throw error;
      // Somebody has a lease of the file: he is told, and the kernel takes it from him when he keeps it too long.
      return openat2(this.#descriptors, String(pathFd), { flags });
    }
  }

  /** The name under which a file with several names was put before. */
  #seenAs(stat: Stat, name: string): string | undefined {
    if (stat.nlink < 2) return undefined;
    const key = linkKey(stat);
    const seen = this.#links.get(key);
    if (seen === undefined) this.#links.set(key, name);
    return seen;
  }

  *#header(entry: NewEntry): Generator<Uint8Array, void, void> {
    if (fitsUstar(entry)) {
      if (this.#room() < BLOCK) yield this.#take();
      return this.#putHeader(entry);
    }
    const bytes = encodeHeader(entry);
    for (let done = 0; done < bytes.length; ) {
      if (this.#room() === 0) yield this.#take();
      const part = bytes.subarray(done, done + this.#room());
      this.#buffer.set(part, this.#used);
      this.#used += part.length;
      done += part.length;
    }
  }

  #putHeader(entry: NewEntry): void {
    putHeader(this.#buffer, this.#used, entry, entry.size ?? 0, Number((entry.mtimeNs ?? 0n) / NS), TYPE_FLAGS[entry.kind]);
    this.#used += BLOCK;
  }

  /** `length` bytes of the file; zeros where it has become shorter since its header was written. */
  #putData(fd: number, length: number): void {
    const end = this.#used + length;
    while (this.#used < end) {
      const read = readFd(fd, this.#buffer.subarray(this.#used, end));
      if (read === 0) break;
      this.#used += read;
    }
    this.#zeros(end - this.#used);
  }

  #pad(size: number): void {
    const over = size % BLOCK;
    if (over > 0) this.#zeros(BLOCK - over);
  }

  #zeros(count: number): void {
    this.#buffer.fill(0, this.#used, this.#used + count);
    this.#used += count;
  }

  #room(): number {
    return CHUNK_BYTES - this.#used;
  }

  #take(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    return bytes;
  }
}

const folderName = (name: string): string => (name.endsWith("/") ? name : `${name}/`);

const linkKey = ({ dev, ino }: Stat): string => `${dev}:${ino}`;

const NS = 1_000_000_000n;
const OPAQUE = 0x79;
const NONE: ReadonlyMap<string, Uint8Array> = new Map();

/** A file in more pieces is put with its holes. */
const MAX_RUNS = 4096;

const hasHoles = ({ size, allocatedBytes }: Stat): boolean => allocatedBytes < size;

function sparseMap(runs: readonly SparseRun[]): Uint8Array {
  const text = Buffer.from(`${[runs.length, ...runs.flatMap(({ offset, length }) => [offset, length])].join("\n")}\n`);
  return Buffer.concat([text, padding(text.length)]);
}

/** Capabilities and users' own; the others belong to this machine's file systems and labels. */
function keptXattrs(fd: number, whole = false): ReadonlyMap<string, Uint8Array> {
  const names = flistxattr(fd).filter((name) => name === "security.capability" || (whole && name.startsWith("system.posix_acl_")) || (name.startsWith("user.") && !name.startsWith("user.overlay.")));
  if (names.length === 0) return NONE;
  return new Map(names.flatMap((name) => {
    const value = fgetxattr(fd, name);
    return value ? [[name, value] as const] : [];
  }));
}


export const openFolder = (path: string): number => openat2(AT.FDCWD, path, { flags: O.RDONLY | O.DIRECTORY });

/** Read through a descriptor of its own: where one has been read to its end nothing more comes. */
function isEmpty(pathFd: number): boolean {
  const fd = openat2(pathFd, ".", { flags: O.RDONLY | O.DIRECTORY });
  try {
    return readDirectory(fd).length === 0;
  } finally {
    closeFd(fd);
  }
}
