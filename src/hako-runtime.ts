import { writeSync } from "node:fs";
import { setUmask } from "./linux/mod.ts";
import { runOciRuntime } from "./oci-runtime/mod.ts";
import { ShimSpawner } from "./runtime/mod.ts";
import packageJson from "../package.json" with { type: "json" };
import shimPath from "../build/native/hako-shim" with { type: "file" };

const ROOT = "/run/hako-runtime";
const UMASK = 0o022;

/** `hako-runtime`: the engine's way of making containers as an OCI runtime for other engines. @returns the exit code */
export async function runtimeMain(words: readonly string[]): Promise<number> {
  setUmask(UMASK);
  return await runOciRuntime(words, {
    version: packageJson.version,
    defaultRoot: ROOT,
    spawner: () => new ShimSpawner({ shim: shimPath, spares: 0 }),
    print: (text) => void writeSync(1, text),
    printError: (text) => void writeSync(2, text),
  });
}
