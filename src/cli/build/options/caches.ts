import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CacheEntry } from "../../../spec/mod.ts";
import { err } from "../../output.ts";
import { notPrepared } from "./fields.ts";
import type { Destination } from "./output.ts";

/** Caches in folders of this machine: what the engine asks for, and where it writes. */
export interface LocalCaches {
  /** Without folders that have nothing to read. */
  readonly cacheFrom: readonly CacheEntry[];
  /** By the names that the engine asks for: `cache-from:` and the place in `cacheFrom`. */
  readonly folders: ReadonlyMap<string, string>;
  /** Of each entry of `--cache-to`. */
  readonly destinations: readonly (Destination | undefined)[];
}

/** @throws Failure in docker's words */
export function localCaches(from: readonly CacheEntry[], to: readonly CacheEntry[]): LocalCaches {
  const cacheFrom = from.filter(({ type, attrs: { src = "" } }) => {
    if (type !== "local") return true;
    if (src === "") throw notPrepared("local cache importer requires src");
    if (existsSync(join(src, "index.json"))) return true;
    err(`WARNING: local cache import at ${src} not found due to err: could not read ${join(src, "index.json")}\n`);
    return false;
  });
  const folders = new Map(cacheFrom.flatMap(({ type, attrs: { src = "" } }, index) => (type === "local" ? [[`cache-from:${index}`, resolve(src)] as const] : [])));
  const destinations = to.map(({ type, attrs: { dest = "" } }): Destination | undefined => {
    if (type !== "local") return undefined;
    if (dest === "") throw notPrepared("local cache exporter requires dest");
    return { kind: "folder", path: resolve(dest) };
  });
  return { cacheFrom, folders, destinations };
}
