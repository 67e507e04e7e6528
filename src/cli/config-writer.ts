import { configPath, readConfigText } from "./config-file.ts";
import { Failure } from "./failure.ts";
import { fileFailure } from "./file-failure.ts";
import { fileSystem } from "./file-system.ts";
import { replaceFile } from "./replace-file.ts";

/** Sets one member of the configuration file, or takes it out; all others stay as they are. */
export function setConfigMember(folder: string, key: string, value: unknown): void {
  const path = configPath(folder);
  const { [key]: _, ...others } = configMembers(folder);
  try {
    fileSystem().mkdirSync(folder, { recursive: true, mode: 0o700 });
    replaceFile(followLink(path), JSON.stringify({ auths: {}, ...others, ...(value !== undefined && { [key]: value }) }, undefined, "\t"), 0o600);
  } catch (error) {
    throw fileFailure("open", path, error);
  }
}

/** The whole file; empty when there is none. @throws Failure when it is not JSON */
export function configMembers(folder: string): Record<string, unknown> {
  let text: string;
  try {
    text = readConfigText(folder);
  } catch {
    return {};
  }
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new Failure(`${configPath(folder)} is not JSON, so it is not written to: repair it first`);
  }
}

/** Many keep the file elsewhere and link to it: the link stays one. */
function followLink(path: string): string {
  try {
    return fileSystem().realpathSync(path);
  } catch {
    return path;
  }
}
