import { TarReader, type TarEntry } from "../../archive/mod.ts";
import { EngineError } from "../../base/mod.ts";
import { parseDigest } from "../../spec/mod.ts";
import type { BlobSender, ClientStore } from "./client-store.ts";

const BLOB = /^blobs\/sha256\/([0-9a-f]{64})$/;

/** The blobs of a layout's archive for a store of the client's, which keeps its own index. */
export class LayoutSender {
  readonly #store: ClientStore;
  readonly #reader = new TarReader();
  #blob: BlobSender | undefined;

  constructor(store: ClientStore) {
    this.#store = store;
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (const event of this.#reader.push(bytes)) {
        if (event.kind === "entry") this.#blob = await this.#begin(event.entry);
        else if (event.kind === "data") await this.#blob?.write(event.bytes);
        else await this.#end();
      }
    } catch (error) {
      this.#blob?.[Symbol.dispose]();
      throw error;
    }
  }

  async end(): Promise<void> {
    this.#reader.finish();
  }

  async #begin({ kind, name, size, sparse }: TarEntry): Promise<BlobSender | undefined> {
    const [, hex] = BLOB.exec(name) ?? [];
    if (kind !== "file" || hex === undefined) return undefined;
    if (sparse) throw new EngineError("NotImplemented", `${name} is kept with holes`);
    return await this.#store.write(parseDigest(`sha256:${hex}`), size);
  }

  async #end(): Promise<void> {
    await this.#blob?.end();
    this.#blob = undefined;
  }
}
