import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { VarintReader, writeVarint } from "../../spec/mod.ts";
import { Failure } from "../failure.ts";
import { reason, type WalkedFolder } from "./walk-folder.ts";

const BATCH_BYTES = 128 * 1024;
/** Numbers before and behind a piece. */
const MARGIN_BYTES = 16;
/** A number of this many bytes, whatever it is: pieces are read before their length is known. */
const LENGTH_BYTES = 3;
const MORE = 0x80;

/**
 * The content of the files that `wanted` numbers, each number as the distance from the one before: of each file pieces that begin with their length, and a
 * zero. A piece is valid until the second after it is asked for. @throws Failure
 */
export function* readWanted(root: string, { files }: WalkedFolder, wanted: Uint8Array): Generator<Uint8Array, void, void> {
  const numbers = new VarintReader(wanted);
  const batches = [Buffer.allocUnsafe(BATCH_BYTES), Buffer.allocUnsafe(BATCH_BYTES)] as const;
  let which: 0 | 1 = 0;
  let at = 0;
  let number = -1;
  while (!numbers.done) {
    number += numbers.next() + 1;
    const file = files[number];
    if (!file) throw new Failure("the engine asks for a file that is not there");
    const fd = openRegular(`${root}/${file.path}`);
    try {
      for (let last = false; !last; ) {
        if (BATCH_BYTES - at < Math.min(file.size, BATCH_BYTES / 2) + MARGIN_BYTES) {
          yield batches[which].subarray(0, at);
          which = which === 0 ? 1 : 0;
          at = 0;
        }
        const room = BATCH_BYTES - at - MARGIN_BYTES;
        const read = readSync(fd, batches[which], at + LENGTH_BYTES, room, null);
        if (read > 0) at = writeLength(batches[which], at, read) + read;
        last = read < room;
      }
      at = writeVarint(batches[which], at, 0);
    } catch (error) {
      throw error instanceof Failure ? error : new Failure(`error from sender: read ${root}/${file.path}: ${reason(error)}`);
    } finally {
      closeSync(fd);
    }
  }
  if (at > 0) yield batches[which].subarray(0, at);
}

function writeLength(bytes: Uint8Array, at: number, length: number): number {
  bytes[at] = (length & 0x7f) | MORE;
  bytes[at + 1] = ((length >> 7) & 0x7f) | MORE;
  bytes[at + 2] = length >> 14;
  return at + LENGTH_BYTES;
}

/** What became a FIFO in the meantime holds nobody up. */
function openRegular(path: string): number {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw new Failure(`error from sender: open ${path}: ${reason(error)}`);
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Failure(`error from sender: open ${path}: it is no regular file any more`);
}
