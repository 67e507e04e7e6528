import { messageOf } from "../base/mod.ts";
import { mergedLogConfig } from "./create/log-config.ts";
import type { EngineDefaults } from "./defaults.ts";
import { OWN_RUNTIMES } from "./runtime-choice.ts";

/** A setting that no container could be made with, and why, in dockerd's words. */
export interface Unusable {
  readonly setting: "default-runtime" | "log-driver" | "log-opts";
  readonly reason: string;
}

/** Defaults are looked at before there is a container that needs them. */
export function unusableDefault({ defaultRuntime, runtimes, logDriver, logOptions }: EngineDefaults): Unusable | undefined {
  if (!OWN_RUNTIMES.includes(defaultRuntime) && !Object.hasOwn(runtimes, defaultRuntime)) return { setting: "default-runtime", reason: `specified default runtime '${defaultRuntime.slice(0, 64)}' does not exist` };
  const driver = failure(() => mergedLogConfig(undefined, { logDriver, logOptions: {} }));
  if (driver !== undefined) return { setting: "log-driver", reason: driver };
  const options = failure(() => mergedLogConfig(undefined, { logDriver, logOptions }));
  return options === undefined ? undefined : { setting: "log-opts", reason: `failed to set log opts: ${options}` };
}

function failure(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
