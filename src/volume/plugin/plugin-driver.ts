import { EngineError, messageOf } from "../../base/mod.ts";
import type { VolumeDriver, VolumePlace, VolumeRef } from "../driver.ts";
import type { PluginClient } from "./client.ts";

/** A volume as a plugin shows it. */
export interface PluginVolume {
  readonly name: string;
  /** "" while nobody has it mounted, with some plugins. */
  readonly mountpoint: string;
  readonly createdAt: string;
  readonly status: Record<string, unknown> | undefined;
}

/** The methods of Docker's volume plugins: VolumeDriver.Create, Get, List, Remove, Path, Mount, Unmount, Capabilities. */
export class PluginDriver implements VolumeDriver {
  #scope: Promise<"local" | "global"> | undefined;

  constructor(
    readonly name: string,
    private readonly client: PluginClient,
  ) {}

  /** @throws EngineError System, when it is no volume plugin or does not answer */
  async activate(): Promise<boolean> {
    const { Implements: kinds } = await this.client.call("Plugin.Activate", {});
    return Array.isArray(kinds) && kinds.includes("VolumeDriver");
  }

  /** A plugin that does not say is `local`. */
  scope(): Promise<"local" | "global"> {
    return (this.#scope ??= this.client.call("VolumeDriver.Capabilities", {}).then(
      ({ Capabilities: capabilities }) => (String((capabilities as { Scope?: unknown } | undefined)?.Scope).toLowerCase() === "global" ? "global" : "local"),
      () => "local",
    ));
  }

  async create({ name, options }: VolumeRef): Promise<void> {
    await this.client.call("VolumeDriver.Create", { Name: name, Opts: Object.keys(options).length > 0 ? options : null }, { long: true });
  }

  async remove({ name }: VolumeRef): Promise<void> {
    await this.client.call("VolumeDriver.Remove", { Name: name });
  }

  async mount({ name }: VolumeRef, use: string): Promise<VolumePlace> {
    try {
      const { Mountpoint: path } = await this.client.call("VolumeDriver.Mount", { Name: name, ID: use }, { long: true });
      if (typeof path !== "string" || !path.startsWith("/")) throw new EngineError("System", `the plugin ${JSON.stringify(this.name)} gave no path`);
      return { path, options: ["rbind"] };
    } catch (error) {
      throw new EngineError("System", `error while mounting volume '': ${messageOf(error)}`, { cause: error });
    }
  }

  async unmount({ name }: VolumeRef, use: string): Promise<void> {
    await this.client.call("VolumeDriver.Unmount", { Name: name, ID: use });
  }

  /** Undefined when the plugin says that there is none. @throws EngineError System, when it does not answer */
  async get(name: string): Promise<PluginVolume | undefined> {
    try {
      const { Volume: volume } = await this.client.call("VolumeDriver.Get", { Name: name });
      return typeof volume === "object" && volume !== null ? read(volume as Record<string, unknown>, name) : undefined;
    } catch (error) {
      if (/^Post "/.test(messageOf(error))) throw new EngineError("System", `error while checking if volume ${JSON.stringify(name)} exists in driver ${JSON.stringify(this.name)}: ${messageOf(error)}`, { cause: error });
      return undefined;
    }
  }

  /** @throws EngineError System */
  async list(): Promise<PluginVolume[]> {
    const { Volumes: volumes } = await this.client.call("VolumeDriver.List", {}, { retries: false });
    if (!Array.isArray(volumes)) return [];
    return volumes.flatMap((volume: unknown) => {
      const { Name: name } = (typeof volume === "object" && volume !== null ? volume : {}) as { Name?: unknown };
      return typeof name === "string" && name !== "" ? [read(volume as Record<string, unknown>, name)] : [];
    });
  }
}

function read({ Mountpoint: path, CreatedAt: created, Status: status }: Record<string, unknown>, name: string): PluginVolume {
  return {
    name,
    mountpoint: typeof path === "string" ? path : "",
    createdAt: typeof created === "string" ? created : "",
    status: typeof status === "object" && status !== null ? (status as Record<string, unknown>) : undefined,
  };
}
