import type { ClientFolder, FolderContents } from "../client.ts";

/** A copy of a client's folder, held for one build. */
export class ReceivedFolder implements ClientFolder {
  #release: (() => Promise<void>) | undefined;

  constructor(
    readonly folder: string,
    readonly contents: FolderContents,
    readonly listed: NonNullable<ClientFolder["listed"]>,
    release: () => Promise<void>,
  ) {
    this.#release = release;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    await release?.();
  }
}
