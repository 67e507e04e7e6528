import { join } from "node:path";

/**
 * <data root>/layers/<n>/fs            an unpacked layer; n is short so that 125 of them fit one mount
 * <data root>/snapshots/<n>/{fs,work}  a container's writable layer
 * <data root>/trash/<n>                on the way out; swept at open
 */
export interface SnapshotPaths {
  readonly root: string;
}

export const layersDir = ({ root }: SnapshotPaths): string => join(root, "layers");
export const snapshotsDir = ({ root }: SnapshotPaths): string => join(root, "snapshots");
export const trashDir = ({ root }: SnapshotPaths): string => join(root, "trash");
export const layerDir = (paths: SnapshotPaths, n: number): string => join(layersDir(paths), String(n));
export const layerFolder = (paths: SnapshotPaths, n: number): string => join(layerDir(paths, n), "fs");
export const snapshotDir = (paths: SnapshotPaths, n: number): string => join(snapshotsDir(paths), String(n));
export const upperDir = (paths: SnapshotPaths, n: number): string => join(snapshotDir(paths, n), "fs");
export const workDir = (paths: SnapshotPaths, n: number): string => join(snapshotDir(paths, n), "work");
