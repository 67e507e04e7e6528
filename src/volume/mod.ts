/** Volumes: the local driver, Docker's volume plugins, and who has what mounted. */
export type { VolumeDriver, VolumePlace, VolumeRef } from "./driver.ts";
export { VolumeDrivers, isLocal, type VolumeParts } from "./volumes.ts";
export type { DrivenVolume } from "./uses.ts";
export { detachVolumes, mountMain, type MountWork } from "./mount-main.ts";
export { DOCKERS_FOLDERS, type PluginFolders } from "./plugin/discovery.ts";
export { DOCKERS_PATIENCE, type Patience } from "./plugin/client.ts";
export { PluginDriver, type PluginVolume } from "./plugin/plugin-driver.ts";
export { VolumePlugins } from "./plugin/plugins.ts";
