import { logDrivers, validateLogOptions } from "../../logging/mod.ts";
import type { HostConfig } from "../../spec/mod.ts";
import type { EngineDefaults } from "../defaults.ts";
import { SHOWN_DRIVER } from "../log-settings.ts";

const DRIVERS = logDrivers();

/**
 * The driver of a container, "" for the engine's own, with its options: those that the operator gave for it, and its own.
 * @throws EngineError InvalidParameter, in Docker's words
 */
export function mergedLogConfig(asked: HostConfig["LogConfig"], { logDriver, logOptions }: Pick<EngineDefaults, "logDriver" | "logOptions">): { Type: string; Config: Record<string, string> } {
  const driver = asked?.Type || logDriver;
  const isDefault = (driver || SHOWN_DRIVER) === (logDriver || SHOWN_DRIVER);
  const options = { ...(isDefault ? logOptions : {}), ...asked?.Config };
  validateLogOptions(DRIVERS, driver, options);
  return { Type: driver, Config: options };
}

/** As inspect shows it: the engine's own log under the name that Docker's users know. */
export function shownLogConfig({ LogConfig: config }: HostConfig): NonNullable<HostConfig["LogConfig"]> {
  return { ...config, Type: config?.Type || SHOWN_DRIVER };
}
