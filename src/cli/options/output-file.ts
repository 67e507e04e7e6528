import { closeSync, openSync, renameSync, rmSync, write } from "node:fs";

/** Under another name until it is whole: what is cut short is never taken for the whole. */
export async function writeWhole(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.hako-${process.pid}`;
  const fd = openSync(temporary, "w", 0o600);
  try {
    for await (const piece of body) await writePiece(fd, piece);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

async function writePiece(fd: number, piece: Uint8Array): Promise<void> {
  for (let done = 0; done < piece.length; ) {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    write(fd, piece, done, piece.length - done, null, (error, count) => (error ? reject(error) : resolve(count)));
    done += await promise;
  }
}
