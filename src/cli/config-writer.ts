import { mkdirSync, readFileSync, realpathSync } from "node:fs";
import { configPath } from "./config-file.ts";
import { replaceFile } from "./contexts/store.ts";
import { Failure } from "./failure.ts";
import { fileFailure } from "./file-failure.ts";

/** Sets one member of the configuration file, or takes it out; all others stay as they are. */
export function setConfigMember(folder: string, key: string, value: unknown): void {
  const path = configPath(folder);
  const { [key]: _, ...others } = configMembers(folder);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    replaceFile(followLink(path), JSON.stringify({ auths: {}, ...others, ...(value !== undefined && { [key]: value }) }, undefined, "\t"), 0o600);
  } catch (error) {
    throw fileFailure("open", path, error);
  }
}

/** The whole file; empty when there is none. @throws Failure when it is not JSON */
export function configMembers(folder: string): Record<string, unknown> {
  const path = configPath(folder);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return {};
  }
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new Failure(`${path} is not JSON, so it is not written to: repair it first`);
  }
}

/** Many keep the file elsewhere and link to it: the link stays one. */
function followLink(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
