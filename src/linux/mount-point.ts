import { realpathSync } from "node:fs";
import { readSmallText } from "./proc.ts";

export interface MountPoint {
  readonly path: string;
  /** Mounts below it are seen by its peers. */
  readonly shared: boolean;
  /** It sees what is mounted below its master. */
  readonly slave: boolean;
}

/** The mount that a path lies on, links resolved. Undefined when the path is missing. */
export function mountPointOf(path: string): MountPoint | undefined {
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    return undefined;
  }
  return findMountPoint(real, readSmallText("/proc/self/mountinfo") ?? "");
}

/** proc_pid_mountinfo(5): id, parent, device, root, mount point, options, then `shared:N`, `master:N` … up to " - ". The last mount on a place covers the others. */
export function findMountPoint(path: string, mountinfo: string): MountPoint | undefined {
  let found: MountPoint | undefined;
  for (const line of mountinfo.split("\n")) {
    const [, , , , escaped = "", , ...optional] = (line.split(" - ")[0] ?? "").split(" ");
    const point = unescaped(escaped);
    const holds = point !== "" && (point === "/" || path === point || path.startsWith(`${point}/`));
    if (!holds || (found && point.length < found.path.length)) continue;
    found = { path: point, shared: optional.some((tag) => tag.startsWith("shared:")), slave: optional.some((tag) => tag.startsWith("master:")) };
  }
  return found;
}

/** The mount points of a mountinfo, in its order. */
export const pathsOf = (mountinfo: string): string[] => mountinfo.split("\n").map((line) => unescaped(line.split(" ", 5)[4] ?? "")).filter((path) => path !== "");

const unescaped = (path: string): string => path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
