import { EngineError } from "../../base/mod.ts";
import { MessageWriter, readFields, textOf } from "../../grpc/mod.ts";
import { FILE_KIND } from "../../spec/mod.ts";

/** fsutil.types.Packet: what a folder is sent with, either way. */
export type Packet =
  | { readonly kind: "stat"; readonly stat: FileStat | undefined }
  | { readonly kind: "request"; readonly id: number }
  /** No bytes: the file is over. */
  | { readonly kind: "data"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: "finish" }
  | { readonly kind: "error"; readonly message: string };

export interface FileStat {
  readonly path: string;
  /** POSIX, with the kind of file. */
  readonly mode: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  /** Of a link its target, of a file the earlier one that it is another name of. */
  readonly linkName: string;
}

const TYPE = { stat: 0, request: 1, data: 2, finish: 3, error: 4 } as const;
/** Go's bits of a file mode and ours. */
const KIND_BITS: readonly (readonly [go: number, posix: number])[] = [[2 ** 31, FILE_KIND.folder], [2 ** 27, FILE_KIND.link], [2 ** 25, FILE_KIND.fifo], [2 ** 26, 0o060000], [2 ** 24, 0o140000]];
const MODE_BITS: readonly (readonly [go: number, posix: number])[] = [[2 ** 23, 0o4000], [2 ** 22, 0o2000], [2 ** 20, 0o1000]];

/** @throws EngineError InvalidParameter */
export function readPacket(message: Uint8Array): Packet {
  let type: number = TYPE.stat;
  let id = 0;
  let stat: FileStat | undefined;
  let bytes: Uint8Array = new Uint8Array(0);
  for (const field of readFields(message)) {
    if (field.number === 1) type = field.value;
    else if (field.number === 2) stat = readStat(field.bytes);
    else if (field.number === 3) id = field.value;
    else if (field.number === 4) bytes = field.bytes;
  }
  if (type === TYPE.stat) return { kind: "stat", stat };
  if (type === TYPE.request) return { kind: "request", id };
  if (type === TYPE.data) return { kind: "data", id, bytes };
  if (type === TYPE.finish) return { kind: "finish" };
  if (type === TYPE.error) return { kind: "error", message: textOf(bytes) };
  throw new EngineError("InvalidParameter", "a packet of a kind that is not known");
}

export function writePacket(packet: Packet): Uint8Array {
  const writer = new MessageWriter().number(1, TYPE[packet.kind]);
  if (packet.kind === "stat" && packet.stat) writer.message(2, writeStat(packet.stat));
  if (packet.kind === "request" || packet.kind === "data") writer.number(3, packet.id);
  if (packet.kind === "data") writer.bytes(4, packet.bytes);
  if (packet.kind === "error") writer.text(4, packet.message);
  return writer.finish();
}

function readStat(bytes: Uint8Array): FileStat {
  let path = "";
  let mode = 0;
  let size = 0;
  let mtimeNs = 0n;
  let linkName = "";
  for (const field of readFields(bytes)) {
    if (field.number === 1) path = textOf(field.bytes);
    else if (field.number === 2) mode = field.value >>> 0;
    else if (field.number === 5) size = field.value;
    else if (field.number === 6) mtimeNs = field.whole ?? BigInt(field.value);
    else if (field.number === 7) linkName = textOf(field.bytes);
  }
  if (size < 0 || !Number.isSafeInteger(size)) throw new EngineError("InvalidParameter", `a file of ${size} bytes`);
  return { path, mode: posixMode(mode), size, mtimeNs, linkName };
}

function writeStat({ path, mode, size, mtimeNs, linkName }: FileStat): MessageWriter {
  return new MessageWriter().text(1, path).number(2, goMode(mode)).number(5, size).number(6, mtimeNs).text(7, linkName);
}

function posixMode(go: number): number {
  const kind = KIND_BITS.find(([bit]) => Math.floor(go / bit) % 2 === 1)?.[1] ?? FILE_KIND.file;
  return kind | (go & 0o777) | MODE_BITS.reduce((mode, [bit, posix]) => (Math.floor(go / bit) % 2 === 1 ? mode | posix : mode), 0);
}

function goMode(posix: number): number {
  const kind = KIND_BITS.find(([, each]) => each === (posix & FILE_KIND.mask))?.[0] ?? 0;
  return kind + (posix & 0o777) + MODE_BITS.reduce((mode, [bit, each]) => ((posix & each) !== 0 ? mode + bit : mode), 0);
}
