import { writeFileSync } from "node:fs";
import { messageOf } from "./base/mod.ts";
import type { Cgroups } from "./linux/mod.ts";

const NAME = "engine";
/** A quarter of the machine, and never so little that a large image cannot be taken in. */
const LEAST_MEMORY_BYTES = 1024 ** 3;

/**
 * The engine's own memory limit: containers that exhaust memory must not take the engine along, nor an engine gone wrong the
 * machine. Where it fails, the engine runs without. Disposing leaves no group behind, unless containers go on in the parent.
 */
export function joinOwnCgroup(cgroups: Cgroups, memoryTotal: number, log: (sentence: string) => void): AsyncDisposable {
  try {
    const limit = Math.max(LEAST_MEMORY_BYTES, Math.floor(memoryTotal / 4));
    const { join } = cgroups.create(NAME, { devices: [{ allow: true, access: "rwm" }], memory: { limit } });
    const folders = join.kind === "v2" ? [join.dir] : join.tasksFiles.map((file) => file.replace(/\/tasks$/, ""));
    for (const folder of folders) if (memoryHierarchies(cgroups).some((path) => folder.startsWith(`${path}/`))) enter(folder);
  } catch (error) {
    log(`the engine runs without a memory limit of its own (${messageOf(error)}), ignoring`);
  }
  return { [Symbol.asyncDispose]: () => leave(cgroups) };
}

/** Removes the group of an engine that has ended, and the parent with the last container gone. */
export async function removeOwnCgroup(cgroups: Cgroups): Promise<void> {
  await cgroups.open(NAME).remove();
  if (cgroups.list().length === 0) cgroups.removeParent();
}

async function leave(cgroups: Cgroups): Promise<void> {
  try {
    for (const path of memoryHierarchies(cgroups)) enter(path);
    await removeOwnCgroup(cgroups);
  } catch {
    // A machine that lets nobody into its root group keeps an empty one of ours until the next start, ignoring.
  }
}

const memoryHierarchies = (cgroups: Cgroups): string[] => cgroups.hierarchies.filter(({ controllers }) => controllers.includes("memory")).map(({ path }) => path);

/** Moves this whole process. */
function enter(folder: string): void {
  writeFileSync(`${folder}/cgroup.procs`, String(process.pid));
}
