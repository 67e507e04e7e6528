import { FILE_KIND, kindOfMode, readListing } from "../spec/mod.ts";
import { knowsDigest, type ContextIndex } from "./context-index.ts";

/** A file of a context whose content is known. */
export interface ListedFile {
  /** One character per byte. */
  readonly name: string;
  /** As text: what a system call takes. */
  readonly text: string;
  readonly size: number;
}

/** Folders by their path, without a slash at either end; paths are one character per byte. */
export type ListedTree = ReadonlyMap<string, ListedFolder>;

export interface ListedFolder {
  readonly files: ListedFile[];
  /** Names of what must be looked at: folders, links, and files whose content is not the listed one. */
  readonly others: string[];
}

/** Later times are not kept by every file system: what the file says then is what counts. */
const LATEST_SECONDS = 2 ** 31 - 1;

/** What a context holds, by its index: nobody need look at each of its files. */
export function readListedTree(index: ContextIndex): ListedTree {
  const folders = new Map<string, ListedFolder>([["", { files: [], others: [] }]]);
  let count = 0;
  let folder = folders.get("");
  let folderText = "";
  for (const { path, mode, size, mtimeSeconds } of readListing(index.listing, "checked")) {
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? "" : path.slice(0, slash);
    if (parent !== folderText) [folder, folderText] = [folders.get(bytesOf(parent)), parent];
    const text = path.slice(slash + 1);
    const name = bytesOf(text);
    const kind = kindOfMode(mode);
    if (kind === FILE_KIND.folder) folders.set(bytesOf(path), { files: [], others: [] });
    if (kind === FILE_KIND.file) {
      const file = count++;
      if (mtimeSeconds <= LATEST_SECONDS && knowsDigest(index.digests, file)) {
        folder?.files.push({ name, text, size });
        continue;
      }
    }
    folder?.others.push(name);
  }
  return folders;
}

const bytesOf = (text: string): string => (isPlain(text) ? text : Buffer.from(text, "utf8").toString("latin1"));

function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
