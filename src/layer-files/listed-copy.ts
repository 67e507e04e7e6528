import { hasCode, linkat, unlinkat } from "../linux/mod.ts";
import type { KnownFile } from "../archive/mod.ts";
import { ContentPack, MAX_PACKED_BYTES } from "./content-pack.ts";
import { readListedTree, type ListedFile, type ListedTree } from "./listed-tree.ts";
import { joined, nameBytes, type MergedEntry, type MergedFolder } from "./merged-folder.ts";
import type { TargetFolder } from "./target-folder.ts";

/** Where the engine keeps what it knows of a context beside its files. */
export interface Listed {
  readonly index: string;
  /** A folder, which need not be there. */
  readonly pack: string;
}

/**
 * The part of a copy of a context that takes no look at the files: they are linked by their names in the context's list, and the layer's archive is
 * made of what the list says and of contents that were read for an earlier archive.
 */
export class ListedCopy implements Disposable {
  readonly #tree: ListedTree;
  readonly #pack: ContentPack;
  readonly #mayLink: (place: string) => boolean;
  /** By path in the layer. */
  readonly #linked = new Map<string, ListedFile>();
  bytes = 0;

  private constructor(tree: ListedTree, pack: ContentPack, mayLink: (place: string) => boolean) {
    this.#tree = tree;
    this.#pack = pack;
    this.#mayLink = mayLink;
  }

  /** @param mayLink of a path in the layer */
  static open({ index, pack }: Listed, mayLink: (place: string) => boolean): ListedCopy | undefined {
    const tree = readListedTree(index);
    return tree && new ListedCopy(tree, ContentPack.open(pack), mayLink);
  }

  [Symbol.dispose](): void {
    this.#pack[Symbol.dispose]();
  }

  get entries(): number {
    return this.#linked.size;
  }

  /** Links what is known of a folder. @returns the rest, undefined when the list does not have the folder */
  link(source: MergedFolder, target: TargetFolder): MergedEntry[] | undefined {
    const listed = this.#tree.folders.get(source.path);
    const [part] = source.parts;
    if (!listed || !part) return undefined;
    const rest = [...listed.others];
    for (const file of listed.files) {
      const place = joined(target.path, file.name);
      if (!this.#mayLink(place) || !linked(part.fd, target, file)) {
        rest.push(file.name);
        continue;
      }
      this.#linked.set(place, file);
      this.bytes += file.size;
    }
    return rest.map((name) => source.child(name)).filter((entry) => entry !== undefined);
  }

  known(place: string): KnownFile | undefined {
    const file = this.#linked.get(place);
    if (!file || file.size > MAX_PACKED_BYTES) return undefined;
    return { mode: file.mode, size: file.size, mtimeNs: file.mtimeNs, read: (target) => this.#pack.read(this.#tree.digests, file.digestAt, target) };
  }

  saw(place: string, content: Uint8Array): void {
    const file = this.#linked.get(place);
    if (file && content.length === file.size && content.length <= MAX_PACKED_BYTES) this.#pack.add(this.#tree.digests, file.digestAt, content);
  }

  /** Fails only to remember: the layer is what it is. */
  remember(): void {
    try {
      this.#pack.commit();
    } catch {
      // The next copy reads the files again.
    }
  }
}

/** False where it must be copied. */
function linked(source: number, target: TargetFolder, { name, text }: ListedFile): boolean {
  target.clear(name);
  try {
    linkat(source, text, target.fd, text);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) unlinkat(target.fd, nameBytes(name));
    else if (!hasCode(error, "EXDEV", "EMLINK", "EPERM", "EOPNOTSUPP")) throw error;
    return false;
  }
}
