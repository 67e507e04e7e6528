import { TarReader, type TarEntry } from "../../archive/mod.ts";
import { EngineError } from "../../base/mod.ts";
import type { OpenCall } from "../../grpc/mod.ts";
import { FILE_KIND } from "../../spec/mod.ts";
import { readPacket, writePacket } from "./fsutil.ts";

const KIND_OF: Readonly<Record<TarEntry["kind"], number | undefined>> = {
  file: FILE_KIND.file,
  hardLink: FILE_KIND.file,
  symlink: FILE_KIND.link,
  directory: FILE_KIND.folder,
  fifo: FILE_KIND.fifo,
  charDevice: undefined,
  blockDevice: undefined,
};
const MAX_PIECE_BYTES = 256 * 1024;

/** The files of an archive for a folder of the client's, one after the other: what is in a file goes out when it is asked for. */
export class FolderSender {
  readonly #call: OpenCall;
  readonly #reader = new TarReader();
  readonly #requested = new Set<number>();
  readonly #answers: Promise<void>;
  #next = 0;
  /** The file whose content comes. */
  #file: number | undefined;
  #finished = false;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(call: OpenCall) {
    this.#call = call;
    this.#answers = this.#listen();
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (const event of this.#reader.push(bytes)) {
      if (event.kind === "entry") await this.#begin(event.entry);
      else if (this.#file === undefined) continue;
      else if (event.kind === "data") await this.#data(this.#file, event.bytes);
      else {
        await this.#call.send(writePacket({ kind: "data", id: this.#file, bytes: new Uint8Array(0) }));
        this.#file = undefined;
      }
    }
  }

  async end(): Promise<void> {
    this.#reader.finish();
    await this.#call.send(writePacket({ kind: "stat", stat: undefined }));
    await this.#until(() => this.#finished);
    await this.#call.send(writePacket({ kind: "finish" }));
    this.#call.end();
    await this.#answers;
  }

  async #begin(entry: TarEntry): Promise<void> {
    const path = textOf(entry.name).replace(/^(?:\.?\/)+|\/+$/g, "");
    const kind = KIND_OF[entry.kind];
    if (path === "" || path === "." || kind === undefined) return;
    const id = this.#next++;
    const linkName = entry.kind === "symlink" ? textOf(entry.linkName) : entry.kind === "hardLink" ? textOf(entry.linkName).replace(/^(?:\.?\/)+/, "") : "";
    await this.#call.send(writePacket({ kind: "stat", stat: { path, mode: kind | entry.mode, size: entry.kind === "file" ? entry.size : 0, mtimeNs: entry.mtimeNs, linkName } }));
    if (entry.kind !== "file") return;
    if (entry.sparse) throw new EngineError("NotImplemented", `${path} is kept with holes`);
    await this.#until(() => this.#requested.delete(id));
    this.#file = id;
  }

  async #data(id: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += MAX_PIECE_BYTES) await this.#call.send(writePacket({ kind: "data", id, bytes: bytes.subarray(at, at + MAX_PIECE_BYTES) }));
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** What the client asks for; it ends with the call. */
  async #listen(): Promise<void> {
    try {
      for await (const message of this.#call.messages) {
        const packet = readPacket(message);
        if (packet.kind === "request") this.#requested.add(packet.id);
        else if (packet.kind === "finish") this.#finished = true;
        else throw new EngineError("InvalidParameter", packet.kind === "error" ? packet.message : "the client answers with what nobody has asked for");
        this.#wake?.();
      }
      if (!this.#finished) throw new EngineError("Unavailable", "the client has ended the transfer");
    } catch (error) {
      this.#failure = error;
    }
    this.#wake?.();
  }
}

const textOf = (name: string): string => Buffer.from(name, "latin1").toString("utf8");
