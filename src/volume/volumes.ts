import type { VolumeDriver } from "./driver.ts";
import { LocalVolumes, type LocalParts } from "./local-volumes.ts";
import { VolumePlugins, type PluginParts } from "./plugin/plugins.ts";
import { VolumeUses, type DrivenVolume } from "./uses.ts";

export interface VolumeParts extends Omit<LocalParts, "log"> {
  /** Where uses are written down. */
  readonly uses: string;
  readonly plugins?: Omit<PluginParts, "log">;
  log(sentence: string): void;
}

/** The drivers of this engine, and who uses what of them. */
export class VolumeDrivers {
  readonly local: LocalVolumes;
  readonly plugins: VolumePlugins;
  readonly uses: VolumeUses;

  constructor(parts: VolumeParts) {
    this.local = new LocalVolumes(parts);
    this.plugins = new VolumePlugins({ ...parts.plugins, log: (sentence) => parts.log(sentence) });
    this.uses = new VolumeUses({ dir: parts.uses, driver: (name) => this.get(name), log: (sentence) => parts.log(sentence) });
  }

  /** @throws EngineError NotFound, System, in Docker's words */
  async get(name: string): Promise<VolumeDriver> {
    return isLocal(name) ? this.local : await this.plugins.get(name);
  }

  /** Whether it is a folder at any time, which nobody needs to mount. */
  isFolder({ driver, options }: DrivenVolume): boolean {
    return isLocal(driver) && options["device"] === undefined;
  }

  /** First at start-up: the uses of the engine before are ours, until it is known who lives. */
  adopt(): void {
    for (const { use, volumes } of this.uses.entries()) for (const volume of volumes) if (isLocal(volume.driver)) this.local.adopt(volume, use);
  }

  /** Later at start-up: the uses of those who are gone end. */
  async sweep(lives: (use: string) => boolean): Promise<void> {
    await Promise.all(this.uses.entries().filter(({ use }) => !lives(use)).map(({ use }) => this.uses.release(use)));
    await this.local.sweep();
  }
}

export const isLocal = (driver: string): boolean => driver === "" || driver === "local";

