import type { ProcessSpec, RootMount, RuntimeSpec, Seccomp } from "../spec/mod.ts";

/** How a process enters its cgroup; the shape that a cgroup of linux/ gives. */
export type CgroupJoin =
  | { readonly kind: "v1"; readonly tasksFiles: readonly string[] }
  | { readonly kind: "v2"; readonly dir: string };

export interface StdioLaunch {
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly rows: number;
  readonly cols: number;
}

/** rtnetlink messages: `host` from the engine's network namespace after clone, `inside` from the container's. */
export interface NetworkLaunch {
  readonly host: { readonly messages: Uint8Array; readonly pidOffsets: readonly number[] };
  readonly inside: Uint8Array;
}

/** Everything that the start of one container needs. Paths are host paths. */
export interface ContainerLaunch {
  readonly spec: RuntimeSpec;
  readonly root: RootMount;
  /** An empty folder; the root is mounted on it in the container's own mount namespace only. */
  readonly rootMountPoint: string;
  readonly cgroup: CgroupJoin | undefined;
  readonly network?: NetworkLaunch;
  readonly log?: { readonly path: string; readonly indexPath: string };
  readonly exitFile: string;
  readonly oomFile?: string;
  readonly stdio: StdioLaunch & { readonly stdinOnce: boolean };
}

/** One more process in a running container. */
export interface ExecLaunch {
  /** The container's first process, as the host sees it. */
  readonly containerPid: number;
  readonly process: ProcessSpec;
  readonly seccomp?: Seccomp;
  readonly cgroup: CgroupJoin | undefined;
  readonly stdio: StdioLaunch & { readonly attachOutput: boolean };
  readonly exitFile: string;
}
