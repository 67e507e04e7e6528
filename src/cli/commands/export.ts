import { closeSync, openSync, renameSync, rmSync } from "node:fs";
import { write } from "node:fs";
import { isatty } from "node:tty";
import { exportContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { checkOutputPath } from "../copy/local.ts";
import { Failure } from "../failure.ts";
import { StreamWriter } from "../output.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const [container = ""] = args;
  const path = flags.string("output") ?? "";
  if (path === "" && isatty(1)) throw new Failure("cowardly refusing to save to a terminal. Use the -o flag or redirect");
  if (path !== "") checkTarget(path);
  const { body } = await exportContainer(client, container);
  if (path === "") {
    const out = new StreamWriter(1);
    for await (const piece of body) await out.write(piece);
  } else await writeWhole(path, body);
  return 0;
}

function checkTarget(path: string): void {
  try {
    checkOutputPath(path);
  } catch (error) {
    throw new Failure(`failed to export container: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Under another name until it is whole: what is cut short is never taken for an export. */
async function writeWhole(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
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
