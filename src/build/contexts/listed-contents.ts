import { EngineError } from "../../base/mod.ts";
import { clean, componentExpression, contentLine, DIGEST_BYTES, digestOfLines, excluderOf, fileDigest, folderDigest, hasWildcards, linkDigest, nodeDigest, type ContextIndex, type CopyAction, type Excluder } from "../../layer-files/mod.ts";
import { FILE_KIND, ListingCursor } from "../../spec/mod.ts";
import type { FolderContents } from "../client.ts";
import { Slices } from "./slices.ts";

/** A folder of the list. */
interface Folder {
  readonly path: string;
  readonly digest: string;
  /** Of what it holds; "" when that is nothing. */
  inside: string;
  /** Where the records of what it holds begin and end in the list. */
  readonly from: number;
  to: number;
  /** How many regular files come before these, and before what follows them. */
  readonly filesBefore: number;
  filesThrough: number;
}

/** The top as a copy sees it: it has no record. */
const TOP = "d755";
/** Records looked at before others may have a turn. */
const STRIDE = 256;

/** What copies take of a client's folder, by its list and the digests of its files: nobody looks at a file for it. */
export class ListedContents implements FolderContents {
  readonly #index: ContextIndex;
  readonly #digests: Buffer;
  readonly #folders = new Map<string, Folder>();

  private constructor(index: ContextIndex) {
    this.#index = index;
    this.#digests = Buffer.from(index.digests.buffer, index.digests.byteOffset, index.digests.length);
  }

  static async read(index: ContextIndex, slices: Slices): Promise<ListedContents> {
    const contents = new ListedContents(index);
    await contents.#readAll(slices);
    return contents;
  }

  isOf({ listing, digests }: ContextIndex): boolean {
    return Buffer.compare(this.#index.listing, listing) === 0 && Buffer.compare(this.#digests, digests) === 0;
  }

  get heldBytes(): number {
    return this.#index.listing.length + this.#digests.length;
  }

  /** The digest of what a copy takes, the same as a worker's that reads the files. Undefined when that takes a look at the files: links. @throws EngineError NotFound */
  async digestOf(action: CopyAction, signal: AbortSignal): Promise<string | undefined> {
    if (action.parents) return undefined;
    const [excludes, slices] = [excluderOf(action.exclude), new Slices()];
    const lines: string[] = [];
    for (const source of action.sources) {
      const wild = action.wildcards && hasWildcards(source);
      signal.throwIfAborted();
      for (const path of wild ? this.#matching(source) : [clean(source)]) {
        if (this.#hasLink(path)) return undefined;
        const digest = this.#digestAt(path);
        if (digest === undefined && action.required && !wild) throw new EngineError("NotFound", `${JSON.stringify(`/${source.replace(/^\/+/, "")}`.slice(0, 1024))}: not found`);
        if (digest !== undefined) await this.#addSource(path, digest, { action, excludes, lines, slices });
      }
    }
    return digestOfLines(lines);
  }

  async #addSource(path: string, digest: string, { action, excludes, lines, slices }: { readonly action: CopyAction; readonly excludes: Excluder | undefined; readonly lines: string[]; readonly slices: Slices }): Promise<void> {
    const base = nameOf(path);
    const folder = this.#folders.get(path);
    if (folder) lines.push(contentLine(action.contentsOnly ? "" : base, digest, excludes ? await this.#insideWithout(folder, "", excludes, slices) : folder.inside));
    else if (excludes?.(latin1(base), false) !== "yes") lines.push(contentLine(base, digest));
  }

  async #readAll(slices: Slices): Promise<void> {
    const cursor = new ListingCursor(this.#index.listing, true);
    const open: { readonly folder: Folder; readonly length: number; readonly lines: string[] }[] = [];
    let files = 0;
    let end = 0;
    const begin = (path: string, length: number, digest: string): void => {
      const folder: Folder = { path, digest, inside: "", from: cursor.at, to: 0, filesBefore: files, filesThrough: 0 };
      this.#folders.set(path, folder);
      open.push({ folder, length, lines: [] });
    };
    const close = (): void => {
      const done = open.pop();
      if (!done) return;
      const { folder, lines } = done;
      [folder.inside, folder.to, folder.filesThrough] = [lines.length === 0 ? "" : digestOfLines(lines), end, files];
      open.at(-1)?.lines.push(contentLine(nameOf(folder.path), folder.digest, folder.inside));
    };
    begin("", 0, TOP);
    for (let count = 1; ((end = cursor.at), cursor.next()); count++) {
      while (open.length > 1 && open.at(-1)?.length !== cursor.parentLength) close();
      const digest = this.#digest(cursor, files);
      if (cursor.kind === FILE_KIND.folder) begin(cursor.path, cursor.pathLength, digest);
      else open.at(-1)?.lines.push(contentLine(cursor.name, digest));
      if (cursor.kind === FILE_KIND.file) files++;
      if (count % STRIDE === 0 && slices.due) await slices.next();
    }
    while (open.length > 0) close();
  }

  /** `file`: how many regular files came before. */
  #digest({ kind, mode, linkTarget = "" }: ListingCursor, file: number): string {
    if (kind === FILE_KIND.folder) return folderDigest(mode);
    if (kind === FILE_KIND.link) return linkDigest(linkTarget);
    if (kind !== FILE_KIND.file) return nodeDigest(mode, 0, 0);
    return fileDigest(mode, `sha256:${this.#digests.toString("hex", file * DIGEST_BYTES, (file + 1) * DIGEST_BYTES)}`);
  }

  /** What lies directly in a folder. What is given is valid until the next. */
  *#children(folder: Folder): Generator<{ readonly entry: ListingCursor; readonly inner: Folder | undefined; readonly file: number }, void, void> {
    const entry = new ListingCursor(this.#index.listing, true, { at: folder.from, path: folder.path });
    let file = folder.filesBefore;
    while (entry.at < folder.to && entry.next()) {
      const inner = entry.kind === FILE_KIND.folder ? this.#folders.get(entry.path) : undefined;
      yield { entry, inner, file };
      if (entry.kind === FILE_KIND.file) file++;
      if (inner) [file] = [inner.filesThrough, entry.skipTo(inner.to)];
    }
  }

  async #insideWithout(folder: Folder, relative: string, excludes: Excluder, slices: Slices): Promise<string> {
    const lines: string[] = [];
    for (const { entry, inner, file } of this.#children(folder)) {
      const { name } = entry;
      const place = relative === "" ? name : `${relative}/${name}`;
      const verdict = excludes(latin1(place), inner !== undefined);
      if (verdict === "yes") continue;
      const digest = this.#digest(entry, file);
      const inside = inner && (await this.#insideWithout(inner, place, excludes, slices));
      if (verdict === "no") lines.push(contentLine(name, digest, inside));
      else if (inside) lines.push(contentLine(name, "", inside));
      if (slices.due) await slices.next();
    }
    return lines.length === 0 ? "" : digestOfLines(lines);
  }

  #digestAt(path: string): string | undefined {
    const known = this.#folders.get(path);
    if (known) return known.digest;
    const slash = path.lastIndexOf("/");
    const parent = this.#folders.get(slash < 0 ? "" : path.slice(0, slash));
    const name = nameOf(path);
    for (const { entry, file } of parent ? this.#children(parent) : []) if (entry.name === name) return this.#digest(entry, file);
    return undefined;
  }

  #hasLink(path: string): boolean {
    const parts = path.split("/");
    return parts.some((_, index) => this.#digestAt(parts.slice(0, index + 1).join("/"))?.startsWith("l") === true);
  }

  /** Paths that a pattern matches, sorted. */
  #matching(pattern: string): string[] {
    const parts = pattern.split("/").filter((part) => part !== "" && part !== ".").map((part) => componentExpression(latin1(part)));
    let found = [""];
    for (const part of parts) {
      found = found.flatMap((path) => {
        const folder = this.#folders.get(path);
        const paths: string[] = [];
        for (const { entry } of folder ? this.#children(folder) : []) if (part.test(entry.name)) paths.push(entry.path);
        return paths;
      });
    }
    return found.sort();
  }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
/** Patterns are for names of one character per byte. */
const latin1 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
