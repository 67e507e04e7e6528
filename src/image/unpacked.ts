import type { AppliedLayer, LayerFormat } from "../archive/mod.ts";
import type { NewLayer } from "../snapshot/mod.ts";
import type { Digest } from "../spec/mod.ts";
import type { UnpackDeps } from "./install-deps.ts";

/** A layer on its way into a folder of its own; disposing removes the folder unless it was kept. */
export class Unpacked implements AsyncDisposable {
  layer: NewLayer | undefined;
  applied: AppliedLayer | undefined;
  /** A row refers to the folder. */
  used = false;
  readonly result: Promise<AppliedLayer>;
  readonly #deps: UnpackDeps;
  #cancelled = false;

  private constructor(deps: UnpackDeps, digest: Digest, format: LayerFormat) {
    this.#deps = deps;
    this.result = deps.slots.run(() => this.#unpack(digest, format));
    // Whoever needs the layer awaits it; a blob that turns out to be no layer fails unheard.
    this.result.catch(() => {});
  }

  get fresh(): this {
    return this;
  }

  static start(deps: UnpackDeps, digest: Digest, format: LayerFormat): Unpacked {
    return new Unpacked(deps, digest, format);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelled = true;
    // Why it failed has been told to who awaited it, ignoring.
    await this.result.catch(() => {});
    this.layer?.[Symbol.dispose]();
  }

  async #unpack(digest: Digest, format: LayerFormat): Promise<AppliedLayer> {
    if (this.#cancelled) throw new Error("no longer wanted");
    this.layer = this.#deps.snapshots.layers.create();
    this.applied = await this.#deps.extractor.unpack({ blob: this.#deps.content.path(digest), targetDir: this.layer.folder, format, expected: { digest } });
    return this.applied;
  }
}
