export type { LoggedContainer } from "./container.ts";
export type { Destination, LogDriver, OpenRequest } from "./driver.ts";
export { LOG_DRIVER_NAMES, logDrivers, validateLogOptions, type LogDrivers } from "./drivers.ts";
export { Forwarder, type ForwarderOptions } from "./forwarder.ts";
export { frameLogSettings, type FrameLogSettings } from "./frame-log-settings.ts";
export { jsonAttributes, jsonLogPath } from "./json-file/json-file.ts";
export type { LogOptions } from "./option-values.ts";
export { readPosition, removePosition, writePosition } from "./position-file.ts";
