import { EngineError } from "../../base/mod.ts";
import type { Caller, HeaderList, OpenCall } from "../../grpc/mod.ts";
import { FILE_KIND, kindOfMode, ListingWriter, writeVarint } from "../../spec/mod.ts";
import type { ClientFolder, FolderSelection } from "../client.ts";
import type { ContextStore } from "../contexts/store.ts";
import { readPacket, writePacket, type FileStat, type Packet } from "./fsutil.ts";

const DIFF_COPY = "/moby.filesync.v1.FileSync/DiffCopy";
/** What is asked for before it can be written: files are sent in any order. */
const MAX_AHEAD_BYTES = 4 * 1024 * 1024;
const MAX_AHEAD_FILES = 256;
/** Of files that are asked for; more comes of those only that grow meanwhile. */
const MAX_HELD_BYTES = 4 * MAX_AHEAD_BYTES;
const MAX_LINKS = 10;
const MAX_ENTRIES_OF_FILE = 10_000;
const KINDS: ReadonlySet<number> = new Set([FILE_KIND.folder, FILE_KIND.file, FILE_KIND.link, FILE_KIND.fifo]);
const NANOSECONDS = 1_000_000_000n;

/** A folder of the client's, kept by `key` so that the next time only what changed comes. */
export async function receiveFolder(caller: Caller, contexts: ContextStore, key: string, name: string, { ignore, received, changes }: FolderSelection): Promise<ClientFolder> {
  using call = caller.open(DIFF_COPY, [...metadata("dir-name", [name]), ...metadata("exclude-patterns", ignore)]);
  const source = new FolderSource(call, received);
  const listing = new ListingWriter();
  const ids: number[] = [];
  const sizes = new Map<string, number>();
  for await (const { stat, id } of source.stats()) {
    const kind = kindOfMode(stat.mode);
    if (!KINDS.has(kind)) continue;
    // Of a further name of a file nothing is told but the first one.
    const size = kind !== FILE_KIND.file ? 0 : stat.linkName === "" ? stat.size : (sizes.get(stat.linkName) ?? stat.size);
    if (kind === FILE_KIND.file && stat.linkName === "") sizes.set(stat.path, size);
    const mtimeNs = stat.mtimeNs < 0n ? 0n : stat.mtimeNs;
    listing.add({ path: stat.path, mode: stat.mode, size, mtimeSeconds: Number(mtimeNs / NANOSECONDS), mtimeNanoseconds: Number(mtimeNs % NANOSECONDS), linkTarget: kind === FILE_KIND.link ? stat.linkName : undefined });
    ids.push(id);
  }
  const folder = await contexts.receive(key, Buffer.from(listing.finish()), (wanted) => {
    changes?.();
    return source.contents(wanted.map(({ number, entry }) => ({ id: ids[number] ?? 0, size: entry.size })));
  });
  await source.finish();
  return folder;
}

/** One small file; undefined when it is not there. */
export async function receiveFile(caller: Caller, name: string, path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  using call = caller.open(DIFF_COPY, [...metadata("dir-name", [name]), ...metadata("include-patterns", [path]), ...metadata("followpaths", [path])]);
  const source = new FolderSource(call, undefined);
  const entries = new Map<string, { readonly stat: FileStat; readonly id: number }>();
  for await (const entry of source.stats()) {
    entries.set(entry.stat.path, entry);
    if (entries.size > MAX_ENTRIES_OF_FILE) throw new EngineError("TooLarge", `${path} stands for too many files`);
  }
  let found = entries.get(clean(path));
  for (let links = 0; found && kindOfMode(found.stat.mode) === FILE_KIND.link && links < MAX_LINKS; links++) found = entries.get(clean(targetOf(found.stat)));
  if (!found || kindOfMode(found.stat.mode) !== FILE_KIND.file) {
    await source.finish();
    return undefined;
  }
  if (found.stat.size > maxBytes) throw new EngineError("TooLarge", `${path} is larger than ${maxBytes} bytes`);
  const bytes = await source.content(found.id, maxBytes);
  await source.finish();
  return bytes;
}

const targetOf = ({ path, linkName }: FileStat): string => (linkName.startsWith("/") ? linkName : `${path.slice(0, path.lastIndexOf("/") + 1)}${linkName}`);

function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** As gRPC's headers carry texts: escaped all together when one has more than printable ASCII. */
function metadata(name: string, values: readonly string[]): HeaderList {
  const isPlain = values.every((value) => /^[\x20-\x7e]*$/.test(value));
  if (isPlain) return values.map((value) => [name, value]);
  return [...values.map((value) => [name, encodeURIComponent(value)] as const), [`${name}-encoded`, "1"]];
}

interface Asked {
  readonly id: number;
  readonly size: number;
}

/** The client's side of a transfer: first what there is, then what is asked for. */
class FolderSource {
  readonly #call: OpenCall;
  readonly #received: ((bytes: number) => void) | undefined;
  #bytes = 0;
  #next = 0;

  constructor(call: OpenCall, received: ((bytes: number) => void) | undefined) {
    this.#call = call;
    this.#received = received;
  }

  async *stats(): AsyncGenerator<{ readonly stat: FileStat; readonly id: number }, void, void> {
    for (;;) {
      const packet = await this.#read();
      if (packet.kind !== "stat") throw new EngineError("InvalidParameter", "the client's folder is not listed to its end");
      if (!packet.stat) return;
      yield { stat: packet.stat, id: this.#next++ };
    }
  }

  /** Files in their order, each as pieces that begin with their length and a zero. */
  async *contents(files: readonly Asked[]): AsyncGenerator<Uint8Array, void, void> {
    const arrived = new Map<number, { readonly pieces: Uint8Array[]; done: boolean }>();
    let held = 0;
    let asked = 0;
    let ahead = 0;
    for (const [at, file] of files.entries()) {
      for (let next = files[asked]; next && (asked === at || (ahead + next.size <= MAX_AHEAD_BYTES && asked - at < MAX_AHEAD_FILES)); next = files[asked]) {
        arrived.set(next.id, { pieces: [], done: false });
        ahead += next.size;
        asked++;
        await this.#call.send(writePacket({ kind: "request", id: next.id }));
      }
      const own = arrived.get(file.id);
      if (!own) throw new EngineError("InvalidParameter", "a file is listed twice");
      for (;;) {
        for (const piece of own.pieces.splice(0)) {
          held -= piece.length;
          yield pieceHead(piece.length);
          yield piece;
        }
        if (own.done) break;
        const packet = await this.#read();
        const into = packet.kind === "data" ? arrived.get(packet.id) : undefined;
        if (packet.kind !== "data" || !into || into.done) throw new EngineError("InvalidParameter", "the client sends a file that nobody has asked for");
        if (packet.bytes.length === 0) into.done = true;
        else into.pieces.push(packet.bytes);
        held += packet.bytes.length;
        if (held > MAX_HELD_BYTES) throw new EngineError("TooLarge", "files of the build context grow while they are sent");
      }
      yield Uint8Array.of(0);
      arrived.delete(file.id);
      ahead -= file.size;
    }
  }

  async content(id: number, maxBytes: number): Promise<Uint8Array> {
    await this.#call.send(writePacket({ kind: "request", id }));
    const pieces: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const packet = await this.#read();
      if (packet.kind !== "data" || packet.id !== id) throw new EngineError("InvalidParameter", "the client sends a file that nobody has asked for");
      if (packet.bytes.length === 0) return Buffer.concat(pieces);
      length += packet.bytes.length;
      if (length > maxBytes) throw new EngineError("TooLarge", `a file is larger than ${maxBytes} bytes`);
      pieces.push(packet.bytes);
    }
  }

  async finish(): Promise<void> {
    await this.#call.send(writePacket({ kind: "finish" }));
    if ((await this.#read()).kind !== "finish") throw new EngineError("InvalidParameter", "the client does not end the transfer");
    this.#call.end();
    await this.#call.messages.next();
  }

  async #read(): Promise<Packet> {
    const { value, done } = await this.#call.messages.next();
    if (done) throw new EngineError("Unavailable", "the client has ended the transfer");
    const packet = readPacket(value);
    if (packet.kind === "error") throw new EngineError("InvalidParameter", packet.message);
    if (packet.kind === "data") this.#received?.((this.#bytes += packet.bytes.length));
    return packet;
  }
}

function pieceHead(length: number): Uint8Array {
  const head = new Uint8Array(8);
  return head.subarray(0, writeVarint(head, 0, length));
}
