import { parseBool, parseInteger, parseSize, refuse, type LogOptions } from "./option-values.ts";

/** How the engine's own log of a container is kept, whatever else becomes of its output. */
export interface FrameLogSettings {
  /** Undefined: one file for ever. */
  readonly maxBytes?: number;
  readonly maxFiles?: number;
  /** So many may there be while what they hold has not been forwarded; undefined: any number. */
  readonly maxUnsentFiles?: number;
  readonly compress: boolean;
  /** Nothing is kept but for those who are attached. */
  readonly discards: boolean;
  /** `logs` shows it. */
  readonly readable: boolean;
  /** What has not been forwarded beyond this is given up, oldest first; undefined: nothing ever is. */
  readonly maxUnsentBytes?: number;
}

const LOCAL_BYTES = 20 * 1024 * 1024;
const LOCAL_FILES = 5;
const DEFAULT_BUFFER_BYTES = 1024 * 1024;
/** Of a log that is read while it is written, and not kept. */
const DISCARDED_FILE_BYTES = 4 * 1024 * 1024;
/** A json-file's lines that a busy or dead engine has not written yet. */
const JSON_FILE_SLACK_BYTES = 64 * 1024 * 1024;
/** Named files of one log that the shim knows. */
const MOST_FILES = 1000;

/** @param driver "" is the engine's own, with json-file's options. @throws EngineError InvalidParameter, in Docker's words at start */
export function frameLogSettings(driver: string, options: LogOptions): FrameLogSettings {
  const kept = { discards: false, readable: true };
  switch (driver) {
    case "":
      return { ...kept, ...atMost(jsonFileLimits(options)) };
    case "json-file":
      return { ...kept, ...withSlack(jsonFileLimits(options)) };
    case "local":
      return { ...kept, ...atMost(localLimits(options)) };
    case "none":
      return { discards: true, readable: false, compress: false, maxBytes: DISCARDED_FILE_BYTES };
    default:
      return cacheSettings(options);
  }
}

type Limits = Pick<FrameLogSettings, "maxBytes" | "maxFiles" | "compress">;

const atMost = (limits: Limits): Limits & Pick<FrameLogSettings, "maxUnsentFiles"> => ({ ...limits, ...(limits.maxFiles !== undefined && { maxUnsentFiles: limits.maxFiles }) });

function withSlack(limits: Limits): Limits & Pick<FrameLogSettings, "maxUnsentFiles"> {
  const { maxBytes, maxFiles } = limits;
  if (maxBytes === undefined || maxFiles === undefined) return limits;
  return { ...limits, maxUnsentFiles: Math.min(MOST_FILES, Math.max(maxFiles, Math.ceil(JSON_FILE_SLACK_BYTES / maxBytes))) };
}

function jsonFileLimits(options: LogOptions): Limits {
  const { "max-size": size, "max-file": files, compress } = options;
  const maxBytes = size === undefined ? undefined : parseSize(size, 1000);
  if (maxBytes !== undefined && maxBytes <= 0) refuse("max-size must be a positive number");
  const maxFiles = files === undefined ? 1 : parseInteger(files);
  if (maxFiles < 1) refuse("max-file cannot be less than 1");
  const compresses = compress !== undefined && parseBool(compress);
  if (compresses && (maxFiles < 2 || maxBytes === undefined)) refuse("compress cannot be true when max-file is less than 2 or max-size is not set");
  return { ...(maxBytes !== undefined && { maxBytes, maxFiles: Math.min(maxFiles, MOST_FILES) }), compress: compresses };
}

function localLimits(options: LogOptions): Limits {
  const { "max-size": size, "max-file": files, compress } = options;
  const maxBytes = size === undefined ? LOCAL_BYTES : prefixed(`invalid value for max-size: ${size}`, () => parseSize(size, 1024));
  const maxFiles = files === undefined ? LOCAL_FILES : prefixed(`invalid value for max-file: ${files}`, () => parseInteger(files));
  const compresses = compress === undefined || prefixed("error reading compress log option", () => parseBool(compress));
  if (maxFiles < 0) refuse("max file count cannot be less than 0");
  if (compresses && maxFiles <= 1) refuse("compression cannot be enabled when max file count is 1");
  return { maxBytes: Math.max(maxBytes, 1), maxFiles: Math.min(Math.max(maxFiles, 1), MOST_FILES), compress: compresses };
}

/** Docker's cache of drivers that cannot be read: what is wrong with these options leaves the default. */
function cacheSettings(options: LogOptions): FrameLogSettings {
  const disabled = options["cache-disabled"] !== undefined && parseBool(options["cache-disabled"]);
  const maxFiles = orElse(LOCAL_FILES, () => parseInteger(options["cache-max-file"] ?? String(LOCAL_FILES)));
  const nonBlocking = options["mode"] === "non-blocking";
  const limits = {
    maxBytes: orElse(LOCAL_BYTES, () => Math.max(1, parseSize(options["cache-max-size"] ?? "20m", 1024))),
    maxFiles: disabled ? 1 : Math.min(Math.max(maxFiles, 1), MOST_FILES),
    compress: !disabled && maxFiles > 1 && orElse(true, () => parseBool(options["cache-compress"] ?? "true")),
  };
  return {
    discards: false,
    readable: !disabled,
    ...(nonBlocking ? atMost(limits) : limits),
    ...(nonBlocking && { maxUnsentBytes: parseSize(options["max-buffer-size"] ?? String(DEFAULT_BUFFER_BYTES), 1024) }),
  };
}

function prefixed<T>(words: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    return refuse(`${words}: ${error instanceof Error ? error.message : ""}`);
  }
}

function orElse<T>(standard: T, parse: () => T): T {
  try {
    return parse();
  } catch {
    return standard;
  }
}
