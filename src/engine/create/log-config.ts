import { EngineError } from "../../base/mod.ts";
import type { HostConfig } from "../../spec/mod.ts";

const SIZE_OPTIONS = ["max-size", "max-file", "compress", "mode", "max-buffer-size"];
const TAG_OPTIONS = ["labels", "labels-regex", "env", "env-regex", "tag"];

const SIZES = ["max-size", "max-buffer-size"];
const DEFAULT_LOG_DRIVER = "json-file";
const isSize = (text: string): boolean => /^-?\d+(\.\d+)? ?([kmgtp]i?b?|b)?$/i.test(text);

/** Every driver's log can be read with `logs`: all of them are the same frames on disk; `none` keeps nothing. */
export const LOG_DRIVERS: Readonly<Record<string, readonly string[]>> = {
  "json-file": [...SIZE_OPTIONS, ...TAG_OPTIONS],
  local: [...SIZE_OPTIONS, ...TAG_OPTIONS],
  none: SIZE_OPTIONS,
};

/** @throws EngineError InvalidParameter, in Docker's words */
export function validateLogConfig(host: HostConfig, drivers: Readonly<Record<string, readonly string[]>>): void {
  const { Type: type = "", Config: config = {} } = host.LogConfig ?? {};
  const driver = type === "" ? DEFAULT_LOG_DRIVER : type;
  const options = Object.hasOwn(drivers, driver) ? drivers[driver] : undefined;
  if (!options) throw new EngineError("InvalidParameter", `error looking up logging plugin ${type.slice(0, 64)}: plugin ${JSON.stringify(type.slice(0, 64))} not found`);
  for (const option of Object.keys(config ?? {})) if (!options.includes(option)) throw new EngineError("InvalidParameter", `unknown log opt '${option.slice(0, 64)}' for ${driver} log driver`);
  for (const option of SIZES) if (config?.[option] !== undefined && !isSize(config[option])) throw new EngineError("InvalidParameter", `invalid size: '${config[option].slice(0, 64)}'`);
  const files = config?.["max-file"];
  if (files !== undefined && !/^[1-9]\d{0,6}$/.test(files)) throw new EngineError("InvalidParameter", `invalid value for max-file: ${JSON.stringify(files.slice(0, 64))}: it must be a number of at least 1`);
}
