import { readFileSync, writeFileSync } from "node:fs";
import { messageOf } from "./base/mod.ts";
import type { Cgroups } from "./linux/mod.ts";

const NAME = "engine";
/** A quarter of the machine, and never so little that a large image cannot be taken in. */
const LEAST_MEMORY_BYTES = 1024 ** 3;
const HELPERS_END_MS = 500;
const PAUSE_MS = 2;

/**
 * The engine's own memory limit: containers that exhaust memory must not take the engine along, nor an engine gone wrong the
 * machine. Where it fails, the engine runs without. Disposing removes the group, unless containers go on: their monitors are in it.
 */
export function joinOwnCgroup(cgroups: Cgroups, memoryTotal: number, log: (sentence: string) => void): AsyncDisposable {
  const memory = cgroups.hierarchies.filter(({ controllers }) => controllers.includes("memory")).map(({ path }) => path);
  const joined: string[] = [];
  try {
    const limit = Math.max(LEAST_MEMORY_BYTES, Math.floor(memoryTotal / 4));
    const { join } = cgroups.create(NAME, { devices: [{ allow: true, access: "rwm" }], memory: { limit } });
    const folders = join.kind === "v2" ? [join.dir] : join.tasksFiles.map((file) => file.replace(/\/tasks$/, ""));
    joined.push(...folders.filter((folder) => memory.some((path) => folder.startsWith(`${path}/`))));
    joined.forEach(enter);
  } catch (error) {
    log(`the engine runs without a memory limit of its own (${messageOf(error)}), ignoring`);
  }
  return {
    async [Symbol.asyncDispose]() {
      try {
        if (cgroups.list().some((name) => name !== NAME)) return;
        await othersGone(joined);
        if (!joined.every(isAlone)) return;
        memory.forEach(enter);
        await removeOwnCgroup(cgroups);
      } catch {
        // Not every machine lets a process into its root group: an empty one of ours stays until the next start, ignoring.
      }
    },
  };
}

/** Removes the group of an engine that has ended, and the parent when no container is left. */
export async function removeOwnCgroup(cgroups: Cgroups): Promise<void> {
  await cgroups.open(NAME).remove();
  if (cgroups.list().length === 0) cgroups.removeParent();
}

const processes = (folder: string): string => `${folder}/cgroup.procs`;

/** Moves this whole process. */
function enter(folder: string): void {
  writeFileSync(processes(folder), String(process.pid));
}

/** Helpers of the engine end with it, but a moment later. */
async function othersGone(folders: readonly string[]): Promise<void> {
  for (let waitedMs = 0; waitedMs < HELPERS_END_MS && !folders.every(isAlone); waitedMs += PAUSE_MS) await Bun.sleep(PAUSE_MS);
}

const isAlone = (folder: string): boolean => readFileSync(processes(folder), "utf8").trim() === String(process.pid);
