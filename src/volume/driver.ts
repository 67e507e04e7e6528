/** A volume as its driver knows it: the name is unique among all drivers of an engine. */
export interface VolumeRef {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

/** Where a volume's files are while somebody uses it. */
export interface VolumePlace {
  /** A folder of the host, to be bound. */
  readonly path: string;
  /** Words of mount(8) for that bind: `ro`, `nosuid` …; `rbind` brings what is mounted below. */
  readonly options: readonly string[];
}

/**
 * Who keeps volumes. A volume is made (`create`), then used any number of times, by one or many at once (`mount` … `unmount`, each
 * use with a name of its own, the same for both), and removed when nobody uses it:
 *
 *   await driver.create(volume);
 *   const { path } = await driver.mount(volume, containerId);
 *   await driver.unmount(volume, containerId);
 *   await driver.remove(volume);
 *
 * All of them throw EngineError, in Docker's words; `unmount` and `remove` take "it is gone" as done.
 */
export interface VolumeDriver {
  readonly name: string;
  create(volume: VolumeRef): Promise<void>;
  mount(volume: VolumeRef, use: string): Promise<VolumePlace>;
  unmount(volume: VolumeRef, use: string): Promise<void>;
  remove(volume: VolumeRef): Promise<void>;
}
