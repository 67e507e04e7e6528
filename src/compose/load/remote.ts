import { ComposeError } from "../errors.ts";
import type { Place } from "../tree/node.ts";

const REMOTE = /^(?:https?:\/\/|git:\/\/|ssh:\/\/|git@|github\.com\/|oci:\/\/)/;

/** @throws ComposeError for what would have to be fetched first */
export function mustBeLocal(path: string, at?: Place, key?: string): void {
  if (REMOTE.test(path)) throw new ComposeError(`remote compose files are not supported: ${path}`, { at, path: key, fix: "fetch it first, and name the file" });
}
