import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RuntimeMount } from "../../spec/mod.ts";
import type { CgroupJoin } from "../launch.ts";

/** A program with runc's command line, and what it is always given. */
export interface OciRuntime {
  readonly path: string;
  readonly args: readonly string[];
}

/** The runtime of one container, and the container's name there. */
export interface BundleRuntime extends OciRuntime {
  readonly id: string;
}

/**
 * Where a container of another runtime has its files, all of it gone with the run:
 *
 *   <run folder>/o/runtime.json    which runtime it is: what has begun with it ends with it, whatever is configured later
 *                  config.json     the bundle
 *                  log             what the runtime says, in JSON lines
 *                  pid  tty        its answers: the process, the terminal
 *                  net  m<n>       places where the runtime finds what was prepared for it
 *                  state/          the runtime's own (--root)
 */
export class Bundle {
  constructor(readonly dir: string) {}

  /** Beside the shim's socket. */
  static beside(socketPath: string): Bundle {
    return new Bundle(join(dirname(socketPath), "o"));
  }

  create(id: string, { path, args }: OciRuntime): void {
    mkdirSync(this.stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(this.#runtimeFile, JSON.stringify({ id, path, args }));
  }

  /** Undefined: the container is none of another runtime. */
  runtime(): BundleRuntime | undefined {
    if (!existsSync(this.#runtimeFile)) return undefined;
    const { id, path, args } = JSON.parse(readFileSync(this.#runtimeFile, "utf8")) as Partial<BundleRuntime>;
    return { id: id ?? "", path: path ?? "", args: args ?? [] };
  }

  get stateDir(): string {
    return join(this.dir, "state");
  }
  get config(): string {
    return join(this.dir, "config.json");
  }
  get pidFile(): string {
    return join(this.dir, "pid");
  }
  get console(): string {
    return join(this.dir, "tty");
  }
  get network(): string {
    return join(this.dir, "net");
  }
  get log(): string {
    return join(this.dir, "log");
  }
  staged(index: number): string {
    return join(this.dir, `m${index}`);
  }
  get #runtimeFile(): string {
    return join(this.dir, "runtime.json");
  }
}

/** Mounts whose source is looked up in a way that config.json cannot say. */
export function needsStaging({ beneath, mountNamespace }: RuntimeMount): boolean {
  return beneath !== undefined || mountNamespace !== undefined;
}

/** The container's cgroup below each hierarchy's mount point (`<mount point>/<controllers>/…` with version 1). */
export function cgroupsPathOf(join: CgroupJoin | undefined): string | undefined {
  if (!join) return undefined;
  const parts = (join.kind === "v2" ? join.dir : dirname(join.tasksFiles[0] ?? "")).split("/");
  const at = parts.indexOf("cgroup") + (join.kind === "v2" ? 1 : 2);
  return `/${parts.slice(at).join("/")}`;
}
