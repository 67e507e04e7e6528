import { linkSync, rmSync } from "node:fs";
import type { AppliedLayer, GrowingUnpack } from "../archive/mod.ts";
import type { NewLayer } from "../snapshot/mod.ts";
import type { ReadyLayer } from "./install.ts";
import type { UnpackDeps } from "./install-deps.ts";

/** A layer that is unpacked while its archive is still being received; disposing removes its folder unless a row refers to it. */
export class ArrivingLayer implements ReadyLayer {
  readonly fresh: { readonly layer: NewLayer; applied: AppliedLayer | undefined; used: boolean };
  readonly result: Promise<AppliedLayer>;
  readonly #unpack: GrowingUnpack;
  /** The archive's file gets another name when it is whole, perhaps before a helper is free to open it. */
  readonly #link: string;

  constructor({ snapshots, extractor }: UnpackDeps, path: string) {
    this.#link = `${path}.layer`;
    linkSync(path, this.#link);
    const layer = snapshots.layers.create();
    this.fresh = { layer, applied: undefined, used: false };
    this.#unpack = extractor.unpackGrowing({ blob: this.#link, targetDir: layer.folder });
    this.result = this.#unpack.result.then((applied) => (this.fresh.applied = applied));
    // Whoever needs the layer awaits it; what turns out to be no layer fails unheard.
    this.result.catch(() => {});
  }

  grown(): void {
    this.#unpack.grown();
  }

  whole(): void {
    this.#unpack.whole();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#unpack[Symbol.asyncDispose]();
    rmSync(this.#link, { force: true });
    this.fresh.layer[Symbol.dispose]();
  }
}
