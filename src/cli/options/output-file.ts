import { closeSync, openSync, renameSync, rmSync, write, writeSync } from "node:fs";
import { receiveBody } from "../../archive/mod.ts";
import type { Answer } from "../../client/mod.ts";

/** Under another name until it is whole: what is cut short is never taken for the whole. */
export async function writeWhole(path: string, { body, onConnection }: Answer): Promise<void> {
  const temporary = `${path}.hako-${process.pid}`;
  const fd = openSync(temporary, "w", 0o600);
  try {
    const direct = onConnection();
    if (direct) for (const piece of receiveBody(direct)) writeNow(fd, piece);
    else for await (const piece of body) await writePiece(fd, piece);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function writeNow(fd: number, piece: Uint8Array): void {
  for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
}

async function writePiece(fd: number, piece: Uint8Array): Promise<void> {
  for (let done = 0; done < piece.length; ) {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    write(fd, piece, done, piece.length - done, null, (error, count) => (error ? reject(error) : resolve(count)));
    done += await promise;
  }
}
