import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../base/mod.ts";
import { EXPORTED } from "../build/mod.ts";
import { familiarName, parseReference } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { imageMountOwner } from "./image-mounts.ts";
import { buildUploadsDir, containersDir, execsDir } from "./paths.ts";
import { removeRunDir } from "./run-files.ts";
import { isRunning } from "./state.ts";
import { sweepCopies } from "./volume-content.ts";

/** Cgroups, endpoints, folders and writable layers that no container owns. */
export async function sweep(ctx: EngineContext): Promise<void> {
  const known = (id: string): boolean => ctx.containers.get(id) !== undefined || ctx.containers.damaged.some((damaged) => damaged.id === id);
  // One that has just ended is let go of by whoever watches it.
  const running = new Set(ctx.containers.all().filter(({ state, id }) => isRunning(state) || ctx.live.get(id) !== undefined).map(({ id }) => id));
  // Before the cgroups: another runtime may have made some that only it knows of.
  await sweepFolder(join(ctx.paths.runRoot, "c"), (id) => running.has(id), (id) => removeRunDir(ctx, id));
  const acts = [
    ...ctx.cgroups.list().filter((id) => !running.has(id) && /^[0-9a-f]{64}$/.test(id)).map((id) => async () => {
      const cgroup = ctx.cgroups.open(id);
      cgroup.killAll();
      await cgroup.remove();
    }),
    async () => ctx.publisher.sweep(running),
    async () => ctx.network.sweep(running),
    ...ctx.snapshots.keys().filter((key) => (/^[0-9a-f]{64}$/.test(key) || imageMountOwner(key) !== undefined) && !known(imageMountOwner(key) ?? key)).map((key) => () => ctx.snapshots.remove(key)),
    () => ctx.volumeDrivers.sweep((use) => running.has(use)),
    () => sweepCopies(ctx),
    ...ctx.images.tagsOf(parseReference(EXPORTED)).map((name) => () => ctx.images.remove(familiarName(name), { force: true, prune: true, inUse: () => [] })),
    () => rm(buildUploadsDir(ctx.paths), { recursive: true, force: true }),
    () => sweepFolder(containersDir(ctx.paths), known),
    () => sweepFolder(execsDir(ctx.paths), (id) => ctx.execs.get(id) !== undefined),
  ];
  const results = await Promise.allSettled(acts.map((act) => act()));
  for (const result of results) if (result.status === "rejected") ctx.log(`sweep: ${messageOf(result.reason)}, ignoring; the next start of the engine tries again`);
}

async function sweepFolder(dir: string, keep: (name: string) => boolean, remove = (name: string): Promise<void> => rm(join(dir, name), { recursive: true, force: true })): Promise<void> {
  for (const name of await readdir(dir).catch(() => [])) if (/^[0-9a-f]{64}$/.test(name) && !keep(name)) await remove(name);
}
