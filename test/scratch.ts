/**
 * Folders and names that a test makes on the machine, each with the number of the process that made it: `hk-<pid>-…`.
 * What a killed run could not take away is so known as nobody's, and the next run removes it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cgroupFolders, foldersIn, processIds, removeCgroups } from "./leaks.ts";

const TEMPORARY = "/tmp";
const CGROUPS = "/sys/fs/cgroup";
const OWN_NAME = /^hk-(\d+)-/;
const DYING_MS = 2000;

/** A new folder in /tmp with a short path, for sockets live in it. */
export function scratchFolder(): string {
  return mkdtempSync(join(TEMPORARY, scratchName("")));
}

/** A name for anything else that outlives a killed process, such as a cgroup. */
export function scratchName(purpose: string): string {
  return `hk-${process.pid}-${purpose}`;
}

/** Ends and removes what test processes that no longer exist have left; anyone else's is not looked at. */
export async function sweepAbandoned(): Promise<void> {
  // Not every init reaps at once.
  const alive = new Set(processIds().filter((pid) => !/^State:\s+Z/m.test(textOf(`/proc/${pid}/status`))));
  const names = new Set([TEMPORARY, CGROUPS, ...readdirSync(CGROUPS).map((name) => join(CGROUPS, name))].flatMap(entriesOf));
  const abandoned = [...names].filter((name) => {
    const owner = OWN_NAME.exec(name)?.[1];
    return owner !== undefined && !alive.has(Number(owner));
  });
  for (const name of abandoned) {
    for (const pid of processesOf(name)) endProcess(pid);
    const deadline = Date.now() + DYING_MS;
    while (removeCgroups(name).length > 0 && Date.now() < deadline) await Bun.sleep(20);
    for (const place of mountsBelow(join(TEMPORARY, name))) Bun.spawnSync(["umount", "-l", place]);
    rmSync(join(TEMPORARY, name), { recursive: true, force: true });
  }
}

/** Volumes with a device are mounted below the run root; the innermost first. */
function mountsBelow(folder: string): string[] {
  const places = textOf("/proc/self/mounts").split("\n").map((line) => (line.split(" ")[1] ?? "").replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))));
  return places.filter((place) => place.startsWith(`${folder}/`)).reverse();
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // a file, or gone
  }
}

/** Engines and clients name the folder in their arguments, containers have their root in it, monitors are in the cgroup. */
function processesOf(name: string): number[] {
  const folder = join(TEMPORARY, name);
  const named = processIds().filter((pid) => pid !== process.pid && (textOf(`/proc/${pid}/cmdline`).includes(`${folder}/`) || rootMountOf(pid).includes(`${folder}/`)));
  return [...new Set([...named, ...cgroupFolders(name).flatMap(processesBelow)])];
}

function rootMountOf(pid: number): string {
  return textOf(`/proc/${pid}/mountinfo`).split("\n").filter((line) => line.split(" ")[4] === "/").at(-1) ?? "";
}

function processesBelow(cgroup: string): number[] {
  const own = textOf(join(cgroup, "cgroup.procs")).split("\n").filter(Boolean).map(Number);
  return [...own, ...foldersIn(cgroup).flatMap((name) => processesBelow(join(cgroup, name)))];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it ended while we looked
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
