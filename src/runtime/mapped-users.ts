import { unlinkSync } from "node:fs";
import { closeFd, kill, listenUnix, mapUsers, openUserNamespace, type IdRange } from "../linux/mod.ts";
import { STDIO } from "./compile-process.ts";
import { CLONE_NEW } from "./namespaces.ts";
import { reachGate } from "./oci/gate.ts";
import type { PlanOp } from "./ops.gen.ts";
import { FIRST_PLAN_FD } from "./plan-fds.ts";
import type { Shim } from "./shim.ts";

const SIGKILL = 9;

/**
 * A user namespace with these maps, for a mount whose owners it says. A process is its first one only until the namespace is open: it waits
 * at a gate that never opens.
 * @param path begins the names of two sockets, which are gone when this returns
 * @returns the namespace, opened; the caller's to close
 */
export async function openUsers(path: string, { users, groups }: { users: readonly IdRange[]; groups: readonly IdRange[] }, launch: (ops: readonly PlanOp[], gateFd: number) => Promise<Shim>): Promise<number> {
  const gatePath = `${path}g`;
  const gateFd = listenUnix(gatePath);
  try {
    const shim = await launch(usersPlan(FIRST_PLAN_FD), gateFd);
    const ended = shim.exited.catch(() => undefined);
    // It never starts: that it was killed is the end that is meant.
    shim.started.catch(() => undefined);
    try {
      await Promise.race([reachGate(gatePath), shim.started.then(() => new Promise<never>(() => undefined))]);
      await shim.greeted();
      const pid = shim.preparedPid ?? 0;
      mapUsers(pid, users, groups);
      return openUserNamespace(pid);
    } finally {
      if (shim.preparedPid) kill(shim.preparedPid, SIGKILL);
      await ended;
      unlinkSync(path);
    }
  } finally {
    closeFd(gateFd);
    unlinkSync(gatePath);
  }
}

function usersPlan(gateFd: number): PlanOp[] {
  return [
    { op: "stdio", flags: STDIO.DIRECT, rows: 0, cols: 0 },
    { op: "clone", flags: CLONE_NEW.user, cgroupDir: "" },
    { op: "waitHost" },
    { op: "gate", fd: gateFd, program: 0 },
    { op: "exec", argv: ["/"], env: [] },
  ];
}
