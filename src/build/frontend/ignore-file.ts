import { ignoreMatcher, ignorePatterns, type IgnoreMatcher } from "../../dockerfile/mod.ts";
import type { BuildClient } from "../client.ts";

const MAX_BYTES = 1024 * 1024;
export const IGNORE_FILE = ".dockerignore";

/** The patterns that leave files out of a folder: beside the Dockerfile under its own name, or at the folder's root. */
export async function readIgnoreFile(client: BuildClient, folder: string, dockerfile: { readonly folder: string; readonly path: string } | undefined): Promise<readonly string[]> {
  const own = dockerfile && (await client.file(dockerfile.folder, `${dockerfile.path}${IGNORE_FILE}`, MAX_BYTES));
  const bytes = own ?? (await client.file(folder, IGNORE_FILE, MAX_BYTES));
  return bytes === undefined ? [] : ignorePatterns(new TextDecoder().decode(bytes));
}

/** For whoever leaves nothing out by them: patterns that are none hide nothing. */
export function forgivingMatcher(patterns: readonly string[]): IgnoreMatcher {
  try {
    return ignoreMatcher(patterns);
  } catch {
    return ignoreMatcher([]);
  }
}

/** What a .dockerignore says of these paths, for a builder that has the files already. */
export function ignoredOf(ignoreFile: Uint8Array, paths: readonly string[]): string[] {
  const matcher = forgivingMatcher(ignorePatterns(new TextDecoder().decode(ignoreFile)));
  return paths.filter((path) => matcher.ignores(path));
}
