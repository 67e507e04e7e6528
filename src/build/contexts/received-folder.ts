import type { ClientFolder, FolderContents, MakeTwin } from "../client.ts";
import type { Spares } from "./spares.ts";

/** A copy of a client's folder, held for one build. */
export class ReceivedFolder implements ClientFolder {
  readonly #spares: Spares;
  #release: (() => Promise<void>) | undefined;

  constructor(
    readonly folder: string,
    readonly contents: FolderContents,
    readonly listed: NonNullable<ClientFolder["listed"]>,
    spares: Spares,
    release: () => Promise<void>,
  ) {
    this.#spares = spares;
    this.#release = release;
  }

  copied(folder: string, place: string, makeTwin: MakeTwin): void {
    if (this.#release) this.#spares.plan(folder, place, this.listed.index, makeTwin);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    await release?.();
  }
}
