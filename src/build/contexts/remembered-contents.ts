import type { ContextIndex } from "../../layer-files/mod.ts";
import { ListedContents } from "./listed-contents.ts";
import type { Slices } from "./slices.ts";

/** Of lists and digests that are remembered, over all copies. */
const MAX_REMEMBERED_BYTES = 16 * 1024 * 1024;

/** What is in each copy; that of copies that stayed as they were is not worked out again. */
export class RememberedContents {
  /** By the copy's folder, the one used last at the end. */
  readonly #contents = new Map<string, ListedContents>();

  async of(folder: string, index: ContextIndex, slices: Slices): Promise<ListedContents> {
    const known = this.#contents.get(folder);
    const contents = known?.isOf(index) ? known : await ListedContents.read(index, slices);
    this.#contents.delete(folder);
    this.#contents.set(folder, contents);
    this.#forgetOldest();
    return contents;
  }

  forget(folder: string): void {
    this.#contents.delete(folder);
  }

  #forgetOldest(): void {
    let total = [...this.#contents.values()].reduce((sum, { heldBytes }) => sum + heldBytes, 0);
    for (const [folder, { heldBytes }] of this.#contents) {
      if (total <= MAX_REMEMBERED_BYTES) return;
      total -= heldBytes;
      this.#contents.delete(folder);
    }
  }
}
