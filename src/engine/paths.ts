import { join } from "node:path";

/**
 * Where the engine keeps its own files.
 *
 *   <data root>/hako.db  lock  reserve  content/  layers/  snapshots/
 *   <data root>/containers/<id>/{hostname,hosts,resolv.conf,log,log.idx,log.pos,exit}
 *   <data root>/volumes/<name>/_data
 *   <data root>/registry/{settings.json,run.json,log,content/}
 *   <data root>/build/uploads/<uuid>/      a build context that came as an archive, until its build is over
 *   <data root>/build/contexts/<key>/<n>/{tree/,index}   the copy of a client's folder, brought up to date by what changed
 *                                    spares/<name>/{tree/,index}   second names of what a COPY of many files made, for the next one; spare-<uuid>: one that is being made
 *   <data root>/build/history/<ref>        what is remembered of a build that is over
 *   <run root>/hako.sock  root/  bin/hako-shim
 *   <run root>/c/<container id>/{s,health}   control socket of the container's shim; its health, if it is checked
 *   <run root>/e/<exec id>/{s,exit,exec}     control socket of an exec's shim, how it ended, what was asked for
 *   <run root>/v/<name>                      file systems that volumes are, while somebody uses them
 *   <run root>/u/<container id>              which volumes of drivers a run has mounted
 *   <run root>/plugins/                      sockets of volume plugins for this engine alone, beside Docker's folders
 */
export interface EnginePaths {
  readonly dataRoot: string;
  readonly runRoot: string;
}

export const containersDir = (paths: EnginePaths): string => join(paths.dataRoot, "containers");
export const containerDir = (paths: EnginePaths, id: string): string => join(paths.dataRoot, "containers", id);
export const logPaths = (paths: EnginePaths, id: string): { path: string; indexPath: string } => ({
  path: join(containerDir(paths, id), "log"),
  indexPath: join(containerDir(paths, id), "log.idx"),
});
/** How far the log has been forwarded. */
export const logPositionFile = (paths: EnginePaths, id: string): string => join(containerDir(paths, id), "log.pos");
export const exitFile = (paths: EnginePaths, id: string): string => join(containerDir(paths, id), "exit");
export const runDir = (paths: EnginePaths, id: string): string => join(paths.runRoot, "c", id);
export const runSocket = (paths: EnginePaths, id: string): string => join(runDir(paths, id), "s");
export const healthFile = (paths: EnginePaths, id: string): string => join(runDir(paths, id), "health");
export const execDir = (paths: EnginePaths, execId: string): string => join(paths.runRoot, "e", execId);
export const execSocket = (paths: EnginePaths, execId: string): string => join(execDir(paths, execId), "s");
export const execExitFile = (paths: EnginePaths, execId: string): string => join(execDir(paths, execId), "exit");
export const execRequestFile = (paths: EnginePaths, execId: string): string => join(execDir(paths, execId), "exec");
export const execsDir = (paths: EnginePaths): string => join(paths.runRoot, "e");
export const rootMountPoint = (paths: EnginePaths): string => join(paths.runRoot, "root");
export const initBinary = (paths: EnginePaths): string => join(paths.runRoot, "bin", "hako-shim");
export const volumeMountsDir = (paths: EnginePaths): string => join(paths.runRoot, "v");
export const volumeUsesDir = (paths: EnginePaths): string => join(paths.runRoot, "u");
export const pluginsDir = (paths: EnginePaths): string => join(paths.runRoot, "plugins");
export const buildUploadsDir = (paths: EnginePaths): string => join(paths.dataRoot, "build", "uploads");
export const buildHistoryDir = (paths: EnginePaths): string => join(paths.dataRoot, "build", "history");
export const buildContextsDir = (paths: EnginePaths): string => join(paths.dataRoot, "build", "contexts");
export const volumesDir = (paths: EnginePaths): string => join(paths.dataRoot, "volumes");
export const volumeData = (paths: EnginePaths, name: string): string => join(paths.dataRoot, "volumes", name, "_data");
