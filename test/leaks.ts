/** What an engine must not leave behind, read from the kernel. */
import { readdirSync, readFileSync, readlinkSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";

const CGROUPS = "/sys/fs/cgroup";

/** Every hierarchy's folder for the cgroup parent `name`, on v1, v2 and hybrid machines. */
export function cgroupFolders(name: string): string[] {
  const candidates = [join(CGROUPS, name), ...readdirSync(CGROUPS).map((controller) => join(CGROUPS, controller, name))];
  return [...new Set(candidates)].filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory());
}

/** The cgroups of containers below the parent. */
export function containerCgroups(name: string): string[] {
  return cgroupFolders(name).flatMap((path) =>
    foldersIn(path)
      .filter((name) => /^[0-9a-f]{12,64}$/.test(name))
      .map((name) => join(path, name)),
  );
}

/** Names in a folder that others may take away meanwhile. */
export function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** Removes the parent's empty folders, deepest first; a folder with processes stays and is returned. */
export function removeCgroups(name: string): string[] {
  const left: string[] = [];
  const remove = (path: string): void => {
    try {
      for (const below of foldersIn(path)) remove(join(path, below));
      rmdirSync(path);
    } catch {
      left.push(path);
    }
  };
  for (const path of cgroupFolders(name)) remove(path);
  return left;
}

export function mountsBelow(...roots: string[]): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => roots.some((root) => (line.split(" ")[4] ?? "").startsWith(root)));
}

export function processIds(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Processes in the network namespace that `pid` is in: an engine of its own, its shims, host-network containers. */
export function processesInNetworkOf(pid: number): { pid: number; command: string }[] {
  const namespace = readlinkSync(`/proc/${pid}/ns/net`);
  return processIds().flatMap((candidate) => {
    try {
      if (readlinkSync(`/proc/${candidate}/ns/net`) !== namespace) return [];
      if (/^State:\s+Z/m.test(readFileSync(`/proc/${candidate}/status`, "utf8"))) return [];
      const command = readFileSync(`/proc/${candidate}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return [{ pid: candidate, command: command === "" ? readFileSync(`/proc/${candidate}/comm`, "utf8").trim() : command }];
    } catch {
      return []; // it ended while we looked
    }
  });
}

/** Open file descriptors of a process, for tests that count them. */
export function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0; // it ended while we looked
  }
}

/** Resident and proportional memory in KiB. */
export function memoryOf(pid: number): { rssKiB: number; pssKiB: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const field = (name: string): number => Number(rollup.match(new RegExp(`^${name}:\\s+(\\d+)`, "m"))?.[1] ?? 0);
  return { rssKiB: field("Rss"), pssKiB: field("Pss") };
}
