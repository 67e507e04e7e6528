import { EngineError } from "../base/mod.ts";
import { mergedLogConfig } from "./create/log-config.ts";
import type { EngineDefaults } from "./defaults.ts";
import { OWN_RUNTIMES } from "./runtime-choice.ts";

/** Defaults that no container could be made with are refused before there is one. @throws EngineError InvalidParameter, in dockerd's words */
export function requireUsable({ defaultRuntime, runtimes, logDriver, logOptions }: EngineDefaults): void {
  if (!OWN_RUNTIMES.includes(defaultRuntime) && !Object.hasOwn(runtimes, defaultRuntime)) throw new EngineError("InvalidParameter", `specified default runtime '${defaultRuntime.slice(0, 64)}' does not exist`);
  try {
    mergedLogConfig(undefined, { logDriver, logOptions });
  } catch (error) {
    throw error instanceof EngineError ? new EngineError(error.kind, `failed to set log opts: ${error.message}`) : error;
  }
}
