import { join } from "node:path";
import type { TreePacker } from "../archive/mod.ts";
import { hasCode, linkat, unlinkat } from "../linux/mod.ts";
import { readIndex, type ContextIndex } from "./context-index.ts";
import type { Copier } from "./copier.ts";
import { folderMembers } from "./folder-members.ts";
import { KeptMembers, MemberWriter } from "./kept-members.ts";
import { countListed, namesIn } from "./list-changes.ts";
import { readListedTree, type ListedFile, type ListedTree } from "./listed-tree.ts";
import { joined, nameBytes, type MergedEntry, type MergedFolder } from "./merged-folder.ts";
import type { MergedTree } from "./merged-tree.ts";
import { MIN_SPARE_ENTRIES, spareName, takeSpare } from "./spare.ts";
import { areFree, copyBySpare } from "./spare-copy.ts";
import type { TargetFolder } from "./target-folder.ts";

/** Where the engine keeps what it knows of a context beside its files. */
export interface Listed {
  readonly index: string;
  /** A folder for kept members of archives, by what was copied where. */
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
 * The part of a copy of a context that takes no look at the files: they are linked by their names in the context's list, or were before they were asked for, and
 * the layer's archive is made of members that were made for an earlier archive.
 */
export class ListedCopy implements Disposable {
  readonly #listed: Listed;
  readonly #index: ContextIndex;
  readonly #mayLink: (place: string) => boolean;
  #tree: ListedTree | undefined;
  #kept: KeptMembers | undefined;
  #writer: MemberWriter | undefined;
  /** True when something of the context has another name in the layer now. */
  shares = false;
  bytes = 0;
  entries = 0;
  copied: CopiedFolder | undefined;

  private constructor(listed: Listed, index: ContextIndex, mayLink: (place: string) => boolean) {
    this.#listed = listed;
    this.#index = index;
    this.#mayLink = mayLink;
  }

  /** @param mayLink of a path in the layer */
  static open(listed: Listed, mayLink: (place: string) => boolean): ListedCopy | undefined {
    const index = readIndex(listed.index);
    return index && new ListedCopy(listed, index, mayLink);
  }

  [Symbol.dispose](): void {
    this.#kept?.[Symbol.dispose]();
    this.#writer?.[Symbol.dispose]();
  }

  /**
   * Copies a whole folder by a spare of it, where there is one. @param beside a name next to the layer's folder, for what is left of the spare
   * @returns false when it is to be copied otherwise
   */
  takeSpare(folder: string, source: MergedTree, target: TargetFolder, copier: Copier, beside: string): boolean {
    const path = textOf(folder);
    const count = countListed(path, this.#index);
    if (!count || count.entries < MIN_SPARE_ENTRIES) return false;
    const names = namesIn(path, this.#index).map(bytesOf);
    if (!names.every((name) => this.#mayLinkAll(joined(target.path, name))) || !areFree(names, target)) return false;
    this.copied = { folder, place: target.path };
    const before = takeSpare(this.#listed.spares, path, beside);
    if (!before) return false;
    copyBySpare({ spare: beside, before, after: this.#index, folder, source, target, copier });
    this.shares = true;
    this.entries += count.entries;
    this.bytes += count.bytes;
    return true;
  }

  /** The place, and all that may be in it. */
  #mayLinkAll(place: string): boolean {
    return this.#mayLink(place) && this.#mayLink(`${place}/`) && place !== "var";
  }

  /** Links what is known of a folder. @returns the rest, undefined when the list does not have the folder */
  link(source: MergedFolder, target: TargetFolder): MergedEntry[] | undefined {
    const listed = (this.#tree ??= readListedTree(this.#index)).get(source.path);
    const [part] = source.parts;
    if (!listed || !part) return undefined;
    const rest = [...listed.others];
    for (const file of listed.files) {
      if (!this.#mayLink(joined(target.path, file.name)) || !linked(part.fd, target, file)) {
        rest.push(file.name);
        continue;
      }
      this.shares = true;
      this.entries++;
      this.bytes += file.size;
    }
    return rest.map((name) => source.child(name)).filter((entry) => entry !== undefined);
  }

  /** Of a name in the layer's archive: the members of what is in that folder, where they may be kept. */
  members(name: string, rootFd: number, packer: TreePacker): Iterable<Uint8Array> | undefined {
    if (!this.copied || name !== this.copied.place) return undefined;
    const path = textOf(this.copied.folder);
    const folder = this.#membersFolder(path, name);
    this.#kept = KeptMembers.open(folder);
    this.#writer = new MemberWriter(folder, this.#kept);
    return folderMembers({ folder: path, index: this.#index, place: name, rootFd, kept: this.#kept, writer: this.#writer }, packer);
  }

  #membersFolder(path: string, place: string): string {
    return join(this.#listed.pack, spareName(`${path}\0${place}`));
  }

  /** Fails only to remember: the layer is what it is. */
  remember(): void {
    try {
      this.#writer?.commit(this.#listed.index);
    } catch {
      // The next archive is made of the files again.
    }
  }
}

const textOf = (name: string): string => Buffer.from(name, "latin1").toString("utf8");
const bytesOf = (name: string): string => Buffer.from(name, "utf8").toString("latin1");

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
