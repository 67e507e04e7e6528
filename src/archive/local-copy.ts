import { closeFd, O, openat2 } from "../linux/mod.ts";
import { pump } from "./apply-layer.ts";
import { nameBytes, nameFromText, type TarEntry } from "./entry.ts";
import { LayerWriter } from "./layer-writer.ts";
import { TarReader } from "./tar-reader.ts";
import { openFolder, TreePacker } from "./tree-packer.ts";

/** The caller's own files as an archive and back: the local side of `docker cp`. Names are text. */

/** A tar of one entry of a folder, known as `name`; each piece is valid until the next is asked for. */
export function* packLocal(folder: string, entry: string, name: string): Generator<Uint8Array, void, void> {
  const folderFd = openFolder(folder);
  try {
    const fd = openat2(folderFd, entry === "." ? "." : nameBytes(nameFromText(entry)), { flags: O.PATH | O.NOFOLLOW });
    try {
      using packer = new TreePacker();
      yield* packer.entry(fd, nameFromText(name));
      yield* packer.finish();
    } finally {
      closeFd(fd);
    }
  } finally {
    closeFd(folderFd);
  }
}

/** The first part of each name, and what it becomes. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/**
 * Unpacks an archive in a folder, as one who owns what he writes: nothing of it lies outside the folder, a folder is never replaced by
 * something else nor the other way round, and owners stay out.
 */
export class LocalUnpacker implements Disposable {
  readonly #fd: number;
  readonly #reader = new TarReader();
  readonly #writer: LayerWriter;

  constructor(folder: string, rename?: Rename) {
    this.#fd = openFolder(folder);
    this.#writer = new RenamingWriter(this.#fd, folder, rename);
  }

  push(chunk: Uint8Array): void {
    pump(this.#reader, this.#writer, chunk);
  }

  /** To be called at the end of the archive. @throws EngineError InvalidParameter when it stops too early */
  finish(): void {
    this.#reader.finish();
    this.#writer.finish();
  }

  [Symbol.dispose](): void {
    this.#writer[Symbol.dispose]();
    closeFd(this.#fd);
  }
}

class RenamingWriter extends LayerWriter {
  readonly #rename: Rename | undefined;

  constructor(fd: number, target: string, rename: Rename | undefined) {
    super(fd, { format: "rootfs", copy: { target: nameFromText(target), keepKinds: true, owner: "own", linksFrom: "target" } });
    this.#rename = rename && { from: rename.from === "/" ? "" : nameFromText(rename.from), to: nameFromText(rename.to) };
  }

  override entry(entry: TarEntry): void {
    const { name, linkName, kind } = entry;
    super.entry({ ...entry, name: this.#renamed(name), linkName: kind === "hardLink" ? this.#renamed(linkName) : linkName });
  }

  #renamed(name: string): string {
    if (!this.#rename) return name;
    const { from, to } = this.#rename;
    return name === from || name.startsWith(`${from}/`) ? to + name.slice(from.length) : name;
  }
}
