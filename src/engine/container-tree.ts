import { existsSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../base/mod.ts";
import type { RuntimeMount } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { containerDir } from "./paths.ts";
import type { TreeRoot } from "./ports.ts";
import type { ContainerMount, ContainerRecord } from "./record.ts";
import { isRunning } from "./state.ts";
import { holdVolumes, placeOf } from "./volume-mounts.ts";

/** A container's files, held until they are disposed, be it once or more. */
export interface HeldTree extends Disposable {
  readonly root: TreeRoot;
  readonly record: ContainerRecord;
}

/**
 * Of a running container what its processes see. Of one at rest the root with its volumes, binds and the engine's own files, mounted for
 * the helper; while that may write, a start must wait. Looking at a root that nothing is mounted in keeps nobody from anything.
 */
export async function openTree(ctx: EngineContext, ref: string, use: "read" | "write"): Promise<HeldTree> {
  const found = ctx.containers.resolve(ref);
  const running = runningTree(ctx, found);
  if (running) return running;
  const view = use === "read" && !found.mounts.some(({ type }) => type !== "tmpfs");
  const hold = view ? undefined : await ctx.locks.acquire(found.id);
  try {
    const record = ctx.containers.resolve(found.id);
    if (record.state.status === "removing") throw new EngineError("Conflict", `container ${record.id} is being removed`);
    const started = runningTree(ctx, record);
    if (started) {
      hold?.[Symbol.dispose]();
      return started;
    }
    const root = view ? ctx.snapshots.view(record.id) : ctx.snapshots.root(record.id);
    const volumes = await holdVolumes(ctx, record.mounts);
    const close = once(() => {
      volumes[Symbol.dispose]();
      hold?.[Symbol.dispose]();
    });
    return { root: { kind: "mounted", root, binds: restingBinds(ctx, record, volumes.use) }, record, [Symbol.dispose]: close };
  } catch (error) {
    hold?.[Symbol.dispose]();
    throw error;
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}

function runningTree(ctx: EngineContext, record: ContainerRecord): HeldTree | undefined {
  if (!isRunning(record.state) || record.state.pid <= 0) return undefined;
  const folder = ctx.host.openRoot(record.state.pid);
  if (folder === undefined) return undefined;
  return { root: { kind: "running", folder }, record, [Symbol.dispose]: once(() => ctx.host.close(folder)) };
}

/** What a start would mount of files and folders; a source that is gone leaves what lies below it. */
function restingBinds(ctx: EngineContext, record: ContainerRecord, use: string): RuntimeMount[] {
  // What was mounted for this is there; a file system that does not answer must not be asked by this process.
  const isThere = (mount: ContainerMount): boolean => ctx.volumeDrivers.uses.place(use, mount.source) !== undefined || existsSync(placeOf(ctx, use, mount).path);
  const own = record.mounts.filter((mount) => mount.type !== "tmpfs" && isThere(mount)).map((mount) => bindOf(ctx, mount, use));
  const taken = new Set(record.mounts.map(({ destination }) => destination));
  const files = ["resolv.conf", "hostname", "hosts"]
    .map((name): RuntimeMount => ({ destination: `/etc/${name}`, type: "bind", source: join(containerDir(ctx.paths, record.id), name), options: ["bind"] }))
    .filter(({ destination }) => !taken.has(destination));
  return [...own, ...files.filter(({ source }) => existsSync(source))];
}

function bindOf(ctx: EngineContext, mount: ContainerMount, use: string): RuntimeMount {
  const { destination, readOnly, recursion, subpath } = mount;
  const { path } = placeOf(ctx, use, mount);
  return { destination, type: "bind", source: path, options: [recursion.nonRecursive ? "bind" : "rbind", ...(readOnly ? ["ro"] : [])], ...(subpath !== undefined && { beneath: subpath }) };
}

/** Folders that the engine fills in every container: a copy of what lies around them leaves their content out, as Docker's does. */
export function kernelFolders(record: ContainerRecord): string[] {
  const own = record.mounts.map(({ destination }) => destination);
  return ["/dev", "/proc", "/sys"].filter((folder) => !own.some((path) => path === folder || path.startsWith(`${folder}/`)));
}

/** Mount points that the engine makes in a writable layer: no change of the container's. */
export const MADE_BY_ENGINE: readonly string[] = [
  "/dev", "/dev/console", "/dev/mqueue", "/dev/pts", "/dev/shm", "/etc", "/etc/hostname", "/etc/hosts", "/etc/mtab", "/etc/resolv.conf", "/proc", "/sys",
];
