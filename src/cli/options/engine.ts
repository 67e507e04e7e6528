import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { configure, ConfigurationError, flagNameOf, SETTING_NAMES, type Configuration } from "../../configuration/mod.ts";
import type { EngineOptions } from "../engine-program.ts";
import { Failure } from "../failure.ts";
import type { Flags } from "../flags.ts";

const DEFAULT_FILE = "/etc/hako/daemon.json";
const MAX_FILE_BYTES = 1024 * 1024;

/** The engine's settings, from flags and its file. @throws Failure naming what is wrong, and where */
export function engineOptions(flags: Flags): EngineOptions {
  const path = flags.string("config-file") ?? DEFAULT_FILE;
  const given = new Map(SETTING_NAMES.flatMap((name) => {
    const flag = flagNameOf(name);
    return flag !== undefined && flags.has(flag) && flags.changed(flag) ? [[flag, flags.list(flag)] as const] : [];
  }));
  const read = (): Configuration => configure({ path, text: readText(path, flags.changed("config-file")) }, given);
  const certificateFolder = process.env["DOCKER_CERT_PATH"] || join(homedir(), ".docker");
  return { configuration: asFailure(read), reread: read, certificateFolder };
}

function asFailure<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof ConfigurationError) throw new Failure(error.message);
    throw error;
  }
}

/** Only the file that nobody asked for may be missing. */
function readText(path: string, asked: boolean): string | undefined {
  const refuse = (reason: string): ConfigurationError => new ConfigurationError(`unable to configure the Docker daemon with file ${path}: ${reason}`);
  try {
    const bytes = readFileSync(path);
    if (bytes.length > MAX_FILE_BYTES) throw refuse(`it is larger than ${MAX_FILE_BYTES} bytes`);
    return bytes.toString("utf8");
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    if (error.code === "ENOENT" && !asked) return undefined;
    throw refuse(error.code === "ENOENT" ? `open ${path}: no such file or directory` : error.code === "EISDIR" ? `read ${path}: is a directory` : error.message);
  }
}
