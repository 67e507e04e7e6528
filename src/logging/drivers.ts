import { EngineError } from "../base/mod.ts";
import type { LogDriver } from "./driver.ts";
import { fluentd } from "./fluentd/fluentd.ts";
import { gelf } from "./gelf.ts";
import { journald } from "./journald.ts";
import { JSON_FILE_OPTIONS, jsonFile } from "./json-file/json-file.ts";
import { parseBool, parseSize, refuse, refuseUnknown, type LogOptions } from "./option-values.ts";
import { syslog } from "./syslog/syslog.ts";

const LOCAL_OPTIONS: ReadonlySet<string> = new Set(["max-size", "max-file", "compress"]);

/** The engine's own log under Docker's name for a local log of a format of its own. */
const local: LogDriver = { local: true, validate: (options) => refuseUnknown(options, LOCAL_OPTIONS, (option) => `unknown log opt '${option}' for log driver local`) };
const none: LogDriver = { local: true, validate: () => undefined };
/** What a container has that names no driver: it shows as json-file, whose options it takes, and writes no second file. */
const own: LogDriver = { local: true, validate: (options) => refuseUnknown(options, JSON_FILE_OPTIONS, (option) => `unknown log opt '${option}' for json-file log driver`) };

export type LogDrivers = Readonly<Record<string, LogDriver>>;

/** @param journalSocket where the journal listens, for tests */
export function logDrivers(journalSocket?: string): LogDrivers {
  return { "": own, fluentd, gelf, journald: journald(journalSocket), "json-file": jsonFile, local, none, syslog };
}

/** What /info lists. */
export const LOG_DRIVER_NAMES: readonly string[] = Object.keys(logDrivers()).filter((name) => name !== "" && name !== "none");

/** Of a create request. @throws EngineError InvalidParameter, in Docker's words */
export function validateLogOptions(drivers: LogDrivers, driver: string, options: LogOptions): void {
  const found = Object.hasOwn(drivers, driver) ? drivers[driver] : undefined;
  if (!found) throw new EngineError("InvalidParameter", `error looking up logging plugin ${driver.slice(0, 64)}: plugin ${JSON.stringify(driver.slice(0, 64))} not found`);
  if (driver === "none") return;
  const mode = options["mode"] ?? "blocking";
  if (mode !== "blocking" && mode !== "non-blocking") refuse(`logger: logging mode not supported: ${mode.slice(0, 64)}`);
  const buffer = options["max-buffer-size"];
  if (buffer !== undefined) {
    if (mode !== "non-blocking") refuse("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
    validateBuffer(buffer);
  }
  const disabled = options["cache-disabled"];
  if (disabled !== undefined && !isBool(disabled)) refuse(`invalid value for option cache-disabled: ${disabled.slice(0, 64)}`);
  found.validate(options);
}

function validateBuffer(text: string): void {
  try {
    parseSize(text, 1024);
  } catch (error) {
    refuse(`error parsing option max-buffer-size: ${error instanceof Error ? error.message : ""}`);
  }
}

function isBool(text: string): boolean {
  try {
    parseBool(text);
    return true;
  } catch {
    return false;
  }
}
