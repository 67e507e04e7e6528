import { isatty } from "node:tty";
import { closeSync, openSync, renameSync, rmSync, write, writeSync } from "node:fs";
import { receiveBody } from "../../archive/mod.ts";
import type { Answer } from "../../client/mod.ts";
import { checkOutputPath } from "../copy/local.ts";
import { Failure } from "../failure.ts";
import { StreamWriter } from "../output.ts";

/** `export` and `save`: an archive into the file of `-o`, or to standard output, unless that is a terminal. `doing` begins what is said of a bad path. */
export async function writeArchive(path: string, doing: string, ask: () => Promise<Answer>): Promise<void> {
  if (path === "" && isatty(1)) throw new Failure("cowardly refusing to save to a terminal. Use the -o flag or redirect");
  if (path !== "") checkTarget(path, doing);
  const answer = await ask();
  if (path !== "") return await writeWhole(path, answer);
  const out = new StreamWriter(1);
  for await (const piece of answer.body) await out.write(piece);
}

function checkTarget(path: string, doing: string): void {
  try {
    checkOutputPath(path);
  } catch (error) {
    throw new Failure(`failed to ${doing}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Under another name until it is whole: what is cut short is never taken for the whole. */
async function writeWhole(path: string, { body, onConnection }: Answer): Promise<void> {
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
