/** Bundles for OCI runtimes: a shell script in a folder of busybox. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultConfig } from "../src/oci-runtime/default-config.ts";
import { busyboxTar } from "./images.ts";
import { run } from "./processes.ts";

export type Config = ReturnType<typeof defaultConfig> & { process: Record<string, unknown>; linux: Record<string, unknown>; hooks?: unknown };

export async function unpackBusybox(rootfs: string): Promise<void> {
  mkdirSync(rootfs);
  const unpacked = await run(["tar", "-C", rootfs, "-xf", await busyboxTar()]);
  if (unpacked.code !== 0) throw new Error(unpacked.stderr);
}

/** What `spec` writes, for this script and root, changed as asked. */
export function writeBundle(dir: string, rootfs: string, cgroupsPath: string, script: string, change?: (config: Config) => void): void {
  const config = defaultConfig() as Config;
  // As old as the oldest runtime that reads it.
  config["ociVersion"] = "1.0.2";
  config["root"] = { path: rootfs, readonly: false };
  Object.assign(config.process, { terminal: false, args: ["sh", "-c", script] });
  Object.assign(config.linux, { cgroupsPath });
  change?.(config);
  mkdirSync(dir);
  writeFileSync(join(dir, "config.json"), JSON.stringify(config));
}
