import { printableName, type TarEntry } from "./entry.ts";
import { DEFAULT_LIMITS, type TarLimits } from "./limits.ts";
import { EngineError } from "../base/mod.ts";

/** Where an entry goes, relative to the root: "" is the root itself. One character per byte. */
export interface EntryPath {
  readonly path: string;
  readonly parent: string;
  readonly base: string;
}

const WHITEOUT = ".wh.";

/** Normalises a member's name once. @throws EngineError InvalidParameter for `..`, absolute names and NUL */
export function entryPath(name: string, limits: TarLimits = DEFAULT_LIMITS): EntryPath {
  if (name.startsWith("/")) throw refused(name, "its name is absolute");
  if (name.includes("\0")) throw refused(name, "its name contains a NUL byte");
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw refused(name, 'its name contains ".."');
  if (parts.length > limits.depth) throw refused(name, "it lies too deep");
  if (parts.some((part) => part.length > 255)) throw refused(name, "a part of its name is too long");
  const base = parts.at(-1) ?? "";
  const parent = parts.slice(0, -1).join("/");
  return { path: parts.join("/"), parent, base };
}

/** The same for an archive that is copied into a folder, as Docker reads it: a leading slash is nothing. @throws EngineError InvalidParameter where `..` leaves the folder */
export function copiedPath(name: string, target: string, limits: TarLimits = DEFAULT_LIMITS): EntryPath {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) throw new EngineError("InvalidParameter", `${JSON.stringify(printableName(name))} is outside of ${JSON.stringify(target)}`);
  }
  return entryPath(parts.join("/"), limits);
}

/** What a layer's entry means (OCI image spec, layer.md#whiteouts). `ignored`: bookkeeping of aufs. */
export type Meaning = { readonly kind: "entry" } | { readonly kind: "whiteout"; readonly hidden: string } | { readonly kind: "opaque" } | { readonly kind: "ignored" };

export function meaningOf({ path, base }: EntryPath): Meaning {
  if (path.startsWith(".wh..wh.") && path !== ".wh..wh..opq") return { kind: "ignored" };
  if (!base.startsWith(WHITEOUT)) return { kind: "entry" };
  if (base === ".wh..wh..opq") return { kind: "opaque" };
  const hidden = base.slice(WHITEOUT.length);
  if (hidden.startsWith(WHITEOUT)) return { kind: "ignored" };
  if (hidden === "" || hidden === "." || hidden === "..") throw refused(path, "a whiteout must name an entry beside it");
  return { kind: "whiteout", hidden };
}

/** A relative symlink may not climb above the root: inside it would mean something else than outside. */
export function checkSymlink(entry: TarEntry, parent: string): void {
  if (entry.linkName === "") throw refused(entry.name, "it links to nothing");
  if (entry.linkName.includes("\0")) throw refused(entry.name, "its target contains a NUL byte");
  if (climbsOut(entry.linkName, parent)) throw refused(entry.name, "it links out of the root");
}

/** Whether a relative target, seen from this folder, leads above the root. */
export function climbsOut(linkName: string, parent: string): boolean {
  if (linkName.startsWith("/")) return false;
  let depth = parent === "" ? 0 : parent.split("/").length;
  for (const part of linkName.split("/")) {
    if (part === "" || part === ".") continue;
    depth += part === ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

export function refused(name: string, reason: string): EngineError {
  return new EngineError("InvalidParameter", `invalid tar archive: entry "${printableName(name)}": ${reason}`);
}
