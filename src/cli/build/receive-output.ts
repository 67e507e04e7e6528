import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { LocalUnpacker } from "../../archive/mod.ts";
import type { BuildStream } from "../../spec/mod.ts";
import { StreamWriter } from "../output.ts";
import type { Destination } from "./options/output.ts";

/** Puts what the engine exports where it belongs. */
export async function receiveOutput(stream: BuildStream, destination: Destination): Promise<void> {
  if (destination.kind === "folder") await intoFolder(stream, destination.path);
  else if (destination.kind === "file") await intoFile(stream, destination.path);
  else {
    const out = new StreamWriter(1);
    for await (const piece of stream.input) await out.write(piece);
  }
}

async function intoFolder(stream: BuildStream, path: string): Promise<void> {
  mkdirSync(path, { recursive: true });
  using unpacker = new LocalUnpacker(path);
  for await (const piece of stream.input) unpacker.push(piece);
  unpacker.finish();
}

/** Under another name until it is whole. */
async function intoFile(stream: BuildStream, path: string): Promise<void> {
  const temporary = `${path}.hako-${process.pid}`;
  const fd = openSync(temporary, "w", 0o666);
  try {
    for await (const piece of stream.input) for (let rest = piece; rest.length > 0; ) rest = rest.subarray(writeSync(fd, rest));
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
