import { posix } from "node:path";

/** A path of a step in the working directory. */
export function inWorkdir(workdir: string, path: string): string {
  return posix.isAbsolute(path) ? posix.normalize(path) : posix.join("/", workdir, path);
}

/** Where COPY puts things; the slash at the end, which makes it a folder, is kept. */
export function copyTarget(workdir: string, path: string): { readonly target: string; readonly isFolder: boolean } {
  const isFolder = path === "" || path === "." || path.endsWith("/") || path.endsWith("/.");
  const target = inWorkdir(workdir, path).replace(/(?<=.)\/$/, "");
  return { target, isFolder };
}

/** A source of COPY, which never leads above the root of what it is copied from. */
export const copySource = (path: string): string => posix.join("/", path);
