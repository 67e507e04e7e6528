import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import { EngineError } from "../../base/mod.ts";

export function cleanSource(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
}

export function cleanDestination(path: string): string {
  if (!path.startsWith("/")) throw new EngineError("InvalidParameter", `invalid mount path: '${path.slice(0, 200)}' mount path must be absolute`);
  if (path.includes("\0")) throw new EngineError("InvalidParameter", "invalid mount path: it contains a NUL byte");
  const clean = posix.normalize(path);
  const trimmed = clean.length > 1 && clean.endsWith("/") ? clean.slice(0, -1) : clean;
  if (trimmed === "/") throw new EngineError("InvalidParameter", "invalid specification: destination can't be '/'");
  return trimmed;
}

export function randomVolumeName(): string {
  return randomBytes(32).toString("hex");
}

const VOLUME_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** @throws EngineError InvalidParameter, in Docker's words */
export function parseVolumeName(name: string): string {
  if (name.length === 1) throw new EngineError("InvalidParameter", `create ${name}: volume name is too short, names should be at least two alphanumeric characters`);
  if (!VOLUME_NAME.test(name) || name.length > 255)
    throw new EngineError("InvalidParameter", `create ${name.slice(0, 200)}: ${JSON.stringify(name.slice(0, 200))} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`);
  return name;
}
