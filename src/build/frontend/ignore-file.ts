import { ignorePatterns } from "../../dockerfile/mod.ts";
import type { BuildClient } from "../client.ts";

const MAX_BYTES = 1024 * 1024;
const NAME = ".dockerignore";

/** The patterns that leave files out of a folder: beside the Dockerfile under its own name, or at the folder's root. */
export async function readIgnoreFile(client: BuildClient, folder: string, dockerfile: { readonly folder: string; readonly path: string } | undefined): Promise<readonly string[]> {
  const own = dockerfile && (await client.file(dockerfile.folder, `${dockerfile.path}${NAME}`, MAX_BYTES));
  const bytes = own ?? (await client.file(folder, NAME, MAX_BYTES));
  return bytes === undefined ? [] : ignorePatterns(new TextDecoder().decode(bytes));
}
