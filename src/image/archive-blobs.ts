import { EngineError } from "../base/mod.ts";
import { decompress, printableName, TarReader, type TarEntry } from "../archive/mod.ts";
import type { BlobWriter, ContentStore } from "../content/mod.ts";
import { parseDigest, type Digest } from "../spec/mod.ts";

/** What an image archive holds: its files by name as blobs in content. Nothing of it is ever a file of its own name. */
export class ArchiveBlobs {
  readonly #digests: ReadonlyMap<string, Digest>;
  readonly #links: ReadonlyMap<string, string>;

  constructor(
    readonly content: ContentStore,
    digests: ReadonlyMap<string, Digest>,
    links: ReadonlyMap<string, string>,
    /** First bytes of each blob. */
    readonly heads: ReadonlyMap<Digest, Uint8Array>,
  ) {
    this.#digests = digests;
    this.#links = links;
  }

  /** Links inside the archive are followed: old ones link a layer that several images share. */
  digest(name: string): Digest | undefined {
    let path = normalise(name);
    for (let links = 0; links < 8; links++) {
      const digest = this.#digests.get(path);
      if (digest !== undefined) return digest;
      const target = this.#links.get(path);
      if (target === undefined) return undefined;
      path = target;
    }
    return undefined;
  }

  /** @throws EngineError InvalidParameter when there is none, TooLarge */
  read(name: string, maxBytes: number): Uint8Array {
    return this.content.read(this.required(name), maxBytes);
  }

  /** @throws EngineError InvalidParameter */
  required(name: string): Digest {
    const digest = this.digest(name);
    if (digest === undefined) throw new EngineError("InvalidParameter", `invalid image archive: it names ${printableName(name)}, which is not in it`);
    return digest;
  }

  has(digest: Digest): boolean {
    return this.digest(`blobs/sha256/${digest.slice("sha256:".length)}`) === digest;
  }
}

const MAX_MEMBERS = 20_000;
const BLOB_NAME = /^blobs\/sha256\/([0-9a-f]{64})$/;

/** A member as it was stored, with its first bytes. */
export interface StoredMember {
  readonly digest: Digest;
  readonly size: number;
  readonly head: Uint8Array;
}

/** A large member that has begun to arrive. */
export interface ArrivingMember {
  /** That its name promises. */
  readonly expected: Digest | undefined;
  readonly size: number;
  readonly head: Uint8Array;
  /** The file it goes to. */
  readonly path: string;
}

/** Works on a member while it arrives. */
export interface Arrival extends AsyncDisposable {
  /** There may be more of the file. */
  grown(): void;
  /** The file is whole. */
  whole(): void;
}

export interface ArchiveListener<A extends Arrival> {
  /** Of large members. */
  onArriving(member: ArrivingMember): A | undefined;
  /** The member is complete; whoever worked on it while it arrived is the listener's from now on. */
  onBlob(member: StoredMember, arrival: A | undefined): void;
}

/**
 * Reads an image archive in any compression and stores each file as a blob. A file that is named by a digest must have it.
 * The listener hears of each as soon as it is complete. @throws EngineError InvalidParameter
 */
export async function ingestArchive<A extends Arrival>(stream: AsyncIterable<Uint8Array>, content: ContentStore, listener: ArchiveListener<A>): Promise<ArchiveBlobs> {
  const digests = new Map<string, Digest>();
  const links = new Map<string, string>();
  const heads = new Map<Digest, Uint8Array>();
  const reader = new TarReader();
  await using open = new OpenMember(content, listener);
  for await (const chunk of decompress(stream)) {
    for (const event of reader.push(chunk)) {
      switch (event.kind) {
        case "entry":
          if (reader.entries > MAX_MEMBERS) throw new EngineError("InvalidParameter", "invalid image archive: it has too many members");
          noteLink(event.entry, links);
          await open.begin(event.entry);
          break;
        case "data":
          await open.write(event.bytes);
          break;
        case "end": {
          const member = await open.end();
          if (!member) break;
          digests.set(member.name, member.digest);
          heads.set(member.digest, member.head);
          break;
        }
        default:
          event satisfies never;
      }
    }
  }
  reader.finish();
  return new ArchiveBlobs(content, digests, links, heads);
}

function noteLink(entry: TarEntry, links: Map<string, string>): void {
  if (entry.kind === "hardLink") links.set(normalise(entry.name), normalise(entry.linkName));
  if (entry.kind !== "symlink") return;
  const name = normalise(entry.name);
  const folder = name.split("/").slice(0, -1);
  for (const part of entry.linkName.split("/")) {
    if (part === "..") folder.pop();
    else if (part !== "" && part !== ".") folder.push(part);
  }
  links.set(name, folder.join("/"));
}

const HEAD_BYTES = 16;
/** Below this, working on a member while it arrives costs more than it saves. */
const LARGE_BYTES = 2 * 1024 * 1024;
/** Bytes between two words that a file has grown. */
const GROWTH_BYTES = 1024 * 1024;

class OpenMember<A extends Arrival> implements AsyncDisposable {
  #name = "";
  #size = 0;
  #received = 0;
  #writer: BlobWriter | undefined;
  #head: Uint8Array = new Uint8Array();
  #arrival: A | undefined;

  constructor(
    readonly content: ContentStore,
    readonly listener: ArchiveListener<A>,
  ) {}

  async begin(entry: TarEntry): Promise<void> {
    this.#writer = undefined;
    if (entry.kind !== "file") return;
    if (entry.sparse) throw new EngineError("InvalidParameter", "invalid image archive: it holds a sparse file");
    this.#name = normalise(entry.name);
    this.#size = entry.size;
    this.#received = 0;
    this.#head = new Uint8Array();
    this.#writer = await this.content.writer(entry.size);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#writer) return;
    if (this.#head.length < HEAD_BYTES) this.#takeHead(this.#writer, bytes);
    await this.#writer.write(bytes);
    const before = this.#received;
    this.#received += bytes.length;
    if (Math.floor(before / GROWTH_BYTES) !== Math.floor(this.#received / GROWTH_BYTES)) this.#arrival?.grown();
  }

  async end(): Promise<(StoredMember & { readonly name: string }) | undefined> {
    if (!this.#writer) return undefined;
    const blob = await this.#writer.commit({ expected: this.#expected(), durable: false });
    this.#writer = undefined;
    const member = { ...blob, name: this.#name, head: this.#head };
    const arrival = this.#arrival;
    this.#arrival = undefined;
    arrival?.whole();
    this.listener.onBlob(member, arrival);
    return member;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#arrival?.[Symbol.asyncDispose]();
    await this.#writer?.[Symbol.asyncDispose]();
  }

  #takeHead({ ingestPath }: BlobWriter, bytes: Uint8Array): void {
    this.#head = Buffer.concat([this.#head, bytes.subarray(0, HEAD_BYTES - this.#head.length)]);
    if (this.#size >= LARGE_BYTES && this.#head.length === HEAD_BYTES) this.#arrival = this.listener.onArriving({ expected: this.#expected(), size: this.#size, head: this.#head, path: ingestPath });
  }

  #expected(): Digest | undefined {
    const hex = BLOB_NAME.exec(this.#name)?.[1];
    return hex === undefined ? undefined : parseDigest(`sha256:${hex}`);
  }
}

/** Member names are only keys of a map, so a climbing one is merely never found. */
function normalise(name: string): string {
  return name.split("/").filter((part) => part !== "" && part !== ".").join("/");
}
