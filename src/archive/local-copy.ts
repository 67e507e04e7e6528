import { closeFd, hasCode, O, openat2 } from "../linux/mod.ts";
import { pump } from "./apply-layer.ts";
import { nameBytes, nameFromText, type TarEntry } from "./entry.ts";
import { SocketOutput } from "./http-body.ts";
import { LayerWriter } from "./layer-writer.ts";
import { TarReader } from "./tar-reader.ts";
import { openFolder, TreePacker, type PackOptions } from "./tree-packer.ts";

/** The caller's own files as an archive and back: the local side of `docker cp`. Names are text. */

/** One entry of a folder, known as `name` in the archive. */
export interface LocalEntry {
  readonly folder: string;
  readonly entry: string;
  readonly name: string;
}

/** A tar of it; each piece is valid until the next is asked for, and large files go by `sendFile` where that is given. */
export function* packLocal({ folder, entry, name }: LocalEntry, sendFile?: PackOptions["sendFile"]): Generator<Uint8Array, void, void> {
  const folderFd = openFolder(folder);
  try {
    const fd = openat2(folderFd, entry === "." ? "." : nameBytes(nameFromText(entry)), { flags: O.PATH | O.NOFOLLOW });
    try {
      using packer = new TreePacker(sendFile && { sendFile });
      yield* packer.entry(fd, nameFromText(name));
      yield* packer.finish();
    } finally {
      closeFd(fd);
    }
  } finally {
    closeFd(folderFd);
  }
}

/** The tar to a connection, as chunks of HTTP without the last one, as far as its other end wants it. @returns its bytes */
export function sendLocal(local: LocalEntry, connection: number): number {
  const output = new SocketOutput(connection, "chunks");
  try {
    for (const piece of packLocal(local, (file, sizeBytes) => output.file(file, sizeBytes))) output.write(piece);
  } catch (error) {
    // Who reads no more has reasons, and tells them in the answer.
    if (!hasCode(error, "EPIPE", "ECONNRESET")) throw error;
  }
  return output.bytes;
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
