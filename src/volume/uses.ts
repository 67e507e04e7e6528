import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../base/mod.ts";
import type { VolumeDriver, VolumePlace, VolumeRef } from "./driver.ts";

/** A volume and the name of its driver. */
export interface DrivenVolume extends VolumeRef {
  readonly driver: string;
}

interface Use {
  readonly volumes: readonly DrivenVolume[];
  readonly places: Map<string, VolumePlace>;
}

export interface UseParts {
  /** A file for each use; gone after a reboot, as all mounts are. */
  readonly dir: string;
  driver(name: string): Promise<VolumeDriver>;
  log(sentence: string): void;
}

/** A driver that hangs holds up nobody for longer. */
const PATIENCE_MS = 3000;

/**
 * Who has which volumes mounted. What is about to be mounted is written down first and struck out when it is unmounted, so that every
 * mount of a driver has its unmount, whenever the engine was killed. Volumes that are plain folders need none of this.
 */
export class VolumeUses {
  readonly #parts: UseParts;
  readonly #uses = new Map<string, Use>();
  readonly #releasing = new Map<string, Promise<void>>();

  constructor(parts: UseParts) {
    this.#parts = parts;
    mkdirSync(parts.dir, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(parts.dir)) this.#read(name);
  }

  /** Mounts each, or none: what a failure leaves is unmounted. @returns where they are, by name */
  async hold(use: string, volumes: readonly DrivenVolume[]): Promise<ReadonlyMap<string, VolumePlace>> {
    await this.#releasing.get(use);
    const held: Use = { volumes, places: new Map() };
    this.#write(use, held);
    this.#uses.set(use, held);
    try {
      for (const volume of volumes) held.places.set(volume.name, await (await this.#parts.driver(volume.driver)).mount(volume, use));
      this.#write(use, held);
      return held.places;
    } catch (error) {
      // The one that failed has nothing mounted.
      this.#uses.set(use, { ...held, volumes: volumes.filter(({ name }) => held.places.has(name)) });
      await this.release(use);
      throw error;
    }
  }

  /** Unmounts all of a use. Returns at the latest after some seconds; a driver that takes longer is waited for by nobody but the next use of that name. */
  async release(use: string): Promise<void> {
    const held = this.#uses.get(use);
    if (!held) return;
    this.#uses.delete(use);
    const work = this.#unmountAll(use, held).finally(() => this.#releasing.delete(use));
    this.#releasing.set(use, work);
    await Promise.race([work, Bun.sleep(PATIENCE_MS)]);
  }

  /** Where a use has a volume; undefined when it has not. */
  place(use: string, name: string): VolumePlace | undefined {
    return this.#uses.get(use)?.places.get(name);
  }

  /** What the files of an earlier engine say. */
  entries(): { readonly use: string; readonly volumes: readonly DrivenVolume[] }[] {
    return [...this.#uses].map(([use, { volumes }]) => ({ use, volumes }));
  }

  async #unmountAll(use: string, { volumes }: Use): Promise<void> {
    for (const volume of volumes.toReversed()) {
      try {
        await (await this.#parts.driver(volume.driver)).unmount(volume, use);
      } catch (error) {
        this.#parts.log(`volume ${volume.name} could not be unmounted for ${use.slice(0, 12)}: ${messageOf(error)}, ignoring`);
      }
    }
    rmSync(join(this.#parts.dir, use), { force: true });
  }

  #write(use: string, { volumes, places }: Use): void {
    const path = join(this.#parts.dir, use);
    // Options may hold passwords.
    writeFileSync(`${path}.new`, JSON.stringify(volumes.map((volume) => ({ ...volume, place: places.get(volume.name) }))), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  #read(name: string): void {
    const path = join(this.#parts.dir, name);
    try {
      if (name.endsWith(".new")) return rmSync(path, { force: true });
      const volumes = JSON.parse(readFileSync(path, "utf8")) as (DrivenVolume & { readonly place?: VolumePlace })[];
      this.#uses.set(name, { volumes, places: new Map(volumes.flatMap((volume) => (volume.place ? [[volume.name, volume.place] as const] : []))) });
    } catch (error) {
      this.#parts.log(`${path} is damaged: ${messageOf(error)}, ignoring: volumes of ${name} may stay mounted`);
      rmSync(path, { force: true });
    }
  }
}
