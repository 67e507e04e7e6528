import { messageOf } from "../base/mod.ts";
import { frameLogSettings, jsonAttributes, logDrivers, type FrameLogSettings, type LogDriver, type LoggedContainer, type LogOptions } from "../logging/mod.ts";
import type { EngineContext } from "./context.ts";
import type { ContainerRecord } from "./record.ts";
import { StartRefused } from "./start-refused.ts";

const DRIVERS = logDrivers();
/** What Docker's users know a log by that nobody asked to be another. */
export const SHOWN_DRIVER = "json-file";

/** A container's driver and options; "" is the engine's own log. */
export function logChoice({ hostConfig }: Pick<ContainerRecord, "hostConfig">): { driver: string; options: LogOptions } {
  return { driver: hostConfig.LogConfig?.Type ?? "", options: hostConfig.LogConfig?.Config ?? {} };
}

export function logDriverOf(record: Pick<ContainerRecord, "hostConfig">): LogDriver | undefined {
  const { driver } = logChoice(record);
  return Object.hasOwn(DRIVERS, driver) ? DRIVERS[driver] : undefined;
}

/** @throws EngineError InvalidParameter for options that only a start finds wrong */
export function logSettings(record: Pick<ContainerRecord, "hostConfig">): FrameLogSettings {
  const { driver, options } = logChoice(record);
  return frameLogSettings(driver, options);
}

export function loggedContainer(ctx: Pick<EngineContext, "host">, record: ContainerRecord): LoggedContainer {
  return {
    id: record.id, name: record.name, imageID: record.imageID, imageName: record.imageRef, command: [record.path, ...record.args], createdAt: record.createdAt,
    env: record.config.Env ?? [], labels: record.config.Labels ?? {}, hostname: ctx.host.hostname,
  };
}

/** What `--details` puts before each message: Docker's `a=b,c=d` and a space. */
export function logDetails(ctx: Pick<EngineContext, "host">, record: ContainerRecord): string {
  const { driver, options } = logChoice(record);
  const attributes = driver === "" || driver === "json-file" ? jsonAttributes(loggedContainer(ctx, record), options) : {};
  const pairs = Object.entries(attributes).map(([name, value]) => `${queryEscape(name)}=${queryEscape(value)}`);
  return `${pairs.join(",")} `;
}

/** Go's url.QueryEscape. */
function queryEscape(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll("%20", "+");
}

/** Docker's words for a log that cannot be set up, and the exit code that the container then shows. */
export function loggingRefused(error: unknown): StartRefused {
  const message = `failed to create task for container: failed to initialize logging driver: ${messageOf(error)}`;
  return new StartRefused("System", message, message.includes("no such file or directory") ? 127 : 128, undefined, { cause: error });
}
