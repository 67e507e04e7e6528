import { join } from "node:path";
import { AT, hasCode, renameat } from "../linux/mod.ts";
import { readIndex, type ContextIndex } from "./context-index.ts";

/** Fewer entries are linked soon enough when they are needed. */
export const MIN_SPARE_ENTRIES = 1000;

/**
 * A spare is a second tree of the files that a copy of a folder of a context came to, made when nobody waits for it, with the list that was true then:
 * the next copy of that folder takes it and changes what has changed. <spares>/<name>/{tree/,index}; whole from the moment in which it has its name.
 */
export const spareTree = (spare: string): string => join(spare, "tree");
export const spareIndex = (spare: string): string => join(spare, "index");

/** @param folder of the context, as its list has it */
export const spareName = (folder: string): string => new Bun.CryptoHasher("sha256").update(folder).digest("hex").slice(0, 16);

/** Moves the spare of a folder to `place`, where nobody else finds it. @returns the list of its files; undefined when there is none to rely on */
export function takeSpare(spares: string, folder: string, place: string): ContextIndex | undefined {
  try {
    renameat(AT.FDCWD, join(spares, spareName(folder)), AT.FDCWD, place);
  } catch (error) {
    if (hasCode(error, "ENOENT", "EXDEV")) return undefined;
    throw error;
  }
  return readIndex(spareIndex(place));
}
