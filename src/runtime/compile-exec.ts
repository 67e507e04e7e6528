import { BECOME_ROOT, lastSteps, letGoFlags, rlimitOps, STDIO, stdioOp, type PlanCompilers } from "./compile-process.ts";
import type { ExecLaunch } from "./launch.ts";
import { CLONE_NEW } from "./namespaces.ts";
import type { PlanOp } from "./ops.gen.ts";

export interface ExecCompilers extends PlanCompilers {
  /** The shim's pidfd of the container's first process. */
  readonly containerPidfd: number;
  /** The shim's fd of a connected socket that gets the terminal. */
  readonly consoleFd?: number;
}

/** All but pid (entered before clone), user (joining one's own is an error) and time. */
const JOINED = CLONE_NEW.mount | CLONE_NEW.uts | CLONE_NEW.ipc | CLONE_NEW.network | CLONE_NEW.cgroup;

/** Compiles one more process of a running container into a plan; what it may do is the ProcessSpec's say. */
export function compileExec(id: string, launch: ExecLaunch, compilers: ExecCompilers): PlanOp[] {
  const { process, cgroup, stdio } = launch;
  const fd = compilers.containerPidfd;
  return [
    stdioOp(stdio, launch.letGo ? letGoFlags(stdio.tty) : STDIO.STDIN_ONCE | (stdio.attachOutput ? STDIO.STREAM_OUTPUT : 0) | (launch.endsWithEngine ? STDIO.BOUND : 0)),
    ...(launch.endsWithEngine ? [] : [{ op: "exitFile", path: launch.exitFile } as const]),
    { op: "joinPidNamespace", fd },
    { op: "clone", flags: 0n, cgroupDir: cgroup?.kind === "v2" ? cgroup.dir : "" },
    ...(process.oomScoreAdj === undefined ? [] : [{ op: "oomScoreAdj", value: process.oomScoreAdj } as const]),
    // Host paths: before the mount namespace changes.
    ...(cgroup?.kind === "v1" ? [{ op: "joinCgroups", tasksFiles: cgroup.tasksFiles } as const] : []),
    { op: "joinNamespaces", fd, flags: JOINED | (launch.ownUsers ? CLONE_NEW.user : 0n) },
    ...(launch.ownUsers ? [BECOME_ROOT] : []),
    { op: "waitHost" },
    ...rlimitOps(process),
    { op: "sessionKeyring", name: `_ses.${id}` },
    ...(process.terminal ? [{ op: "console", bindConsole: 0, socketFd: compilers.consoleFd ?? 0 } as const] : []),
    ...lastSteps(process, launch.seccomp, compilers),
  ];
}
