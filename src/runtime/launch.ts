import type { ProcessSpec, RootMount, RuntimeSpec, Seccomp } from "../spec/mod.ts";
import type { OciRuntime } from "./oci/bundle.ts";

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

/** The container's log. `path` and `indexPath` name its first file; what follows is named after them. */
export interface LogLaunch {
  readonly path: string;
  readonly indexPath: string;
  /** A file that has so much is followed by the next; absent: one file for ever. */
  readonly maxBytes?: number;
  /** The oldest of more files than this go; absent: all stay until the engine removes them. */
  readonly maxFiles?: number;
  /** Output is thrown away unless `keep` or `keepLog(true)` is said. */
  readonly discard?: boolean;
  /** As if `keepLog(true)` were said at the beginning. */
  readonly keep?: boolean;
  /** Where the files that are there already begin, oldest first; the spawner looks. */
  readonly present?: readonly number[];
}

/**
 * For OCI's `create` (runtime.md#lifecycle): the process has its caller's standard streams, waits for `start`, and belongs to
 * whoever adopts orphans; the shim ends.
 */
export interface LetGo {
  /** Where the process waits for `start`, and before it, when that is given, for the hooks of the runtime's own namespaces. */
  readonly startSocket: string;
  readonly hookSocket?: string;
  /** Where it waits, in a user namespace of its own, until its users are mapped. */
  readonly mapSocket?: string;
  /** Where it waits right after a mount, by that mount's place in the spec, until the root's files are copied into it. */
  readonly copySockets?: ReadonlyMap<number, string>;
  /** A connected socket that gets the terminal's master; closed by the launch. */
  readonly consoleFd?: number;
  readonly createContainer: readonly Hook[];
  readonly startContainer: readonly Hook[];
}

/** config.md#posix-platform-hooks; `state` is what the hook reads. */
export interface Hook {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** 0: for as long as it takes. */
  readonly timeoutSeconds: number;
  readonly state: string;
}

/** Everything that the start of one container needs. Paths are host paths. */
export interface ContainerLaunch {
  readonly spec: RuntimeSpec;
  readonly root: RootMount;
  /** An empty folder; the root is mounted on it in the container's own mount namespace only. */
  readonly rootMountPoint: string;
  readonly cgroup: CgroupJoin | undefined;
  readonly network?: NetworkLaunch;
  readonly log?: LogLaunch;
  readonly exitFile: string;
  readonly oomFile?: string;
  /** Another OCI runtime than ours makes the container; its files lie beside the shim's socket. */
  readonly runtime?: OciRuntime;
  readonly stdio: StdioLaunch & { readonly stdinOnce: boolean };
  /** The container is its caller's, not ours to watch over. */
  readonly letGo?: LetGo;
}

/** One more process in a running container. */
export interface ExecLaunch {
  /** The container's first process, as the host sees it. */
  readonly containerPid: number;
  /** Of the container's shim: beside it lies what another runtime has of the container, if one made it. */
  readonly containerSocket?: string;
  readonly process: ProcessSpec;
  readonly seccomp?: Seccomp;
  readonly cgroup: CgroupJoin | undefined;
  readonly stdio: StdioLaunch & { readonly attachOutput: boolean };
  readonly exitFile: string;
  readonly letGo?: Pick<LetGo, "consoleFd">;
  /** The container has a user namespace of its own. */
  readonly ownUsers?: boolean;
  /** It is killed when nobody watches it any more. */
  readonly endsWithEngine?: boolean;
}
