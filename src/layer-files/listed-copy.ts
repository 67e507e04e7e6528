import { hasCode, linkat, unlinkat } from "../linux/mod.ts";
import type { KnownFile } from "../archive/mod.ts";
import { ContentPack, MAX_PACKED_BYTES } from "./content-pack.ts";
import { readIndex, type ContextIndex } from "./context-index.ts";
import type { Copier } from "./copier.ts";
import { countListed } from "./list-changes.ts";
import { readListedTree, type ListedFile, type ListedFolder, type ListedTree } from "./listed-tree.ts";
import { joined, nameBytes, type MergedEntry, type MergedFolder } from "./merged-folder.ts";
import type { MergedTree } from "./merged-tree.ts";
import { MIN_SPARE_ENTRIES, takeSpare } from "./spare.ts";
import { areFree, copyBySpare } from "./spare-copy.ts";
import type { TargetFolder } from "./target-folder.ts";

/** Where the engine keeps what it knows of a context beside its files. */
export interface Listed {
  readonly index: string;
  /** A folder, which need not be there. */
  readonly pack: string;
  /** A folder of spares (spare.ts), which need not be there. */
  readonly spares: string;
}

/** A folder of a context that was copied as it is to a place of its own: the next copy of it may be made from this one. */
export interface CopiedFolder {
  /** In the context; "" is all of it. One character per byte, as `place`. */
  readonly folder: string;
  /** In the layer. */
  readonly place: string;
}

/**
 * The part of a copy of a context that takes no look at the files: they are linked by their names in the context's list, and the layer's archive is
 * made of what the list says and of contents that were read for an earlier archive.
 */
export class ListedCopy implements Disposable {
  readonly #listed: Listed;
  readonly #index: ContextIndex;
  readonly #tree: ListedTree;
  readonly #pack: ContentPack;
  readonly #mayLink: (place: string) => boolean;
  /** By path in the layer. */
  readonly #linked = new Map<string, ListedFile>();
  bytes = 0;
  entries = 0;
  copied: CopiedFolder | undefined;

  private constructor(listed: Listed, index: ContextIndex, mayLink: (place: string) => boolean) {
    this.#listed = listed;
    this.#index = index;
    this.#tree = readListedTree(index);
    this.#pack = ContentPack.open(listed.pack);
    this.#mayLink = mayLink;
  }

  /** @param mayLink of a path in the layer */
  static open(listed: Listed, mayLink: (place: string) => boolean): ListedCopy | undefined {
    const index = readIndex(listed.index);
    return index && new ListedCopy(listed, index, mayLink);
  }

  [Symbol.dispose](): void {
    this.#pack[Symbol.dispose]();
  }

  /** True when something of the context has another name in the layer now. */
  get shares(): boolean {
    return this.#linked.size > 0;
  }

  /**
   * Copies a whole folder by a spare of it, where there is one. @param beside a name next to the layer's folder, for what is left of the spare
   * @returns false when it is to be copied otherwise
   */
  takeSpare(folder: string, source: MergedTree, target: TargetFolder, copier: Copier, beside: string): boolean {
    const listed = this.#tree.folders.get(folder);
    const path = Buffer.from(folder, "latin1").toString("utf8");
    const count = listed && countListed(path, this.#index);
    if (!count || count.entries < MIN_SPARE_ENTRIES || !this.#mayLinkAll(target.path, listed) || !areFree([...listed.files.map(({ name }) => name), ...listed.others], target)) return false;
    this.copied = { folder, place: target.path };
    const before = takeSpare(this.#listed.spares, path, beside);
    if (!before) return false;
    copyBySpare({ spare: beside, before, after: this.#index, folder, source, target, copier });
    this.#adopt(folder, target.path);
    this.entries += count.entries;
    this.bytes += count.bytes;
    return true;
  }

  #mayLinkAll(place: string, { files, others }: ListedFolder): boolean {
    return files.every(({ name }) => this.#mayLink(joined(place, name))) && others.every((name) => this.#mayLink(`${joined(place, name)}/`) && joined(place, name) !== "var");
  }

  /** Knows the files of a folder by their places in the layer. */
  #adopt(folder: string, place: string): void {
    const listed = this.#tree.folders.get(folder);
    for (const file of listed?.files ?? []) this.#linked.set(joined(place, file.name), file);
    for (const name of listed?.others ?? []) if (this.#tree.folders.has(joined(folder, name))) this.#adopt(joined(folder, name), joined(place, name));
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
      this.entries++;
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
