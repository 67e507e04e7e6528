import type { HostConfig } from "../../spec/mod.ts";
import { fileSystem } from "../file-system.ts";
import { openFailure, splitPair } from "./key-value.ts";

/** `--security-opt`; a seccomp profile is a file of ours, so its text is what goes to the engine. */
export function securityOptions(values: readonly string[]): Pick<HostConfig, "SecurityOpt" | "MaskedPaths" | "ReadonlyPaths"> {
  const options: string[] = [];
  let unconfinedPaths = false;
  for (const value of values) {
    const [key, setting] = value.includes("=") ? splitPair(value) : splitPair(value.replace(":", "="));
    if (setting === "" && key !== "no-new-privileges") throw new Error(`Invalid --security-opt: ${JSON.stringify(value)}`);
    if (key === "systempaths" && setting === "unconfined") unconfinedPaths = true;
    else if (key === "seccomp" && setting !== "unconfined" && setting !== "builtin") options.push(`seccomp=${readProfile(setting)}`);
    else options.push(value);
  }
  return { ...(values.length > 0 && { SecurityOpt: options }), ...(unconfinedPaths && { MaskedPaths: [], ReadonlyPaths: [] }) };
}

function readProfile(path: string): string {
  let text: string;
  try {
    text = fileSystem().readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`opening seccomp profile (${path}) failed: ${openFailure(path, error)}`);
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    throw new Error(`compacting json for seccomp profile (${path}) failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
