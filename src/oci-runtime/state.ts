import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { EngineError } from "../base/mod.ts";
import { openCgroups, processStart, type Cgroup } from "../linux/mod.ts";

/** runtime.md#state; `paused` is runc's. */
export type Status = "creating" | "created" | "running" | "paused" | "stopped";

/** What is kept of a container. */
export interface ContainerState {
  readonly id: string;
  readonly ociVersion: string;
  /** 0 while it is being created. */
  readonly pid: number;
  /** Ticks since boot: a pid alone may by now be another's. */
  readonly pidStart: number;
  readonly bundle: string;
  readonly rootfs: string;
  /** Below each hierarchy's root. */
  readonly cgroupPath: string;
  readonly created: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly paused: boolean;
}

/**
 *   <root>/<id>/state.json   what is kept
 *               config.json  the bundle's, as it was
 *               start        socket at which the process waits for `start`; gone once it is let go
 *               hooks        the same for hooks that run while it is created
 *               map          the same, in a user namespace, until its users are mapped
 *               copy<n>      the same behind a mount that the root's files are copied into
 *               s            control socket of the shim that makes it
 */
export class StateFolder {
  readonly dir: string;

  constructor(
    readonly root: string,
    readonly id: string,
  ) {
    this.dir = join(root, id);
  }

  get startSocket(): string {
    return join(this.dir, "start");
  }
  get hookSocket(): string {
    return join(this.dir, "hooks");
  }
  get mapSocket(): string {
    return join(this.dir, "map");
  }
  copySocket(mount: number): string {
    return join(this.dir, `copy${mount}`);
  }
  get shimSocket(): string {
    return join(this.dir, "s");
  }
  get config(): string {
    return join(this.dir, "config.json");
  }

  /** @throws EngineError Conflict when the name is taken */
  make(): void {
    mkdirSync(this.root, { recursive: true, mode: 0o711 });
    try {
      mkdirSync(this.dir, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") throw new EngineError("Conflict", "container with given ID already exists");
      throw error;
    }
  }

  exists(): boolean {
    return existsSync(this.dir);
  }

  /** Temporary and rename: whoever reads finds all of it or nothing. */
  write(state: ContainerState): void {
    const path = join(this.dir, "state.json");
    writeFileSync(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /** @throws EngineError NotFound */
  read(): ContainerState {
    try {
      return JSON.parse(readFileSync(join(this.dir, "state.json"), "utf8")) as ContainerState;
    } catch {
      throw new EngineError("NotFound", "container does not exist");
    }
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  status(state: ContainerState): Status {
    if (state.pid === 0) return "creating";
    if (processStart(state.pid) !== state.pidStart) return "stopped";
    if (existsSync(this.startSocket)) return "created";
    return state.paused ? "paused" : "running";
  }
}

/** The names below a root. */
export function listStates(root: string): StateFolder[] {
  if (!existsSync(root)) return [];
  return readdirSync(root).sort().map((id) => new StateFolder(root, id)).filter((folder) => existsSync(join(folder.dir, "state.json")));
}

export function cgroupOf({ cgroupPath }: Pick<ContainerState, "cgroupPath">): Cgroup {
  return openCgroups({ parent: dirname(cgroupPath) }).open(basename(cgroupPath));
}

/** runtime.md#state, with the members that runc adds. */
export function stateShape(folder: StateFolder, state: ContainerState, status: Status = folder.status(state)): Record<string, unknown> {
  const { ociVersion, id, pid, bundle, rootfs, created, annotations } = state;
  return { ociVersion, id, status, pid: status === "stopped" ? 0 : pid, bundle, rootfs, created, annotations, owner: "" };
}
