import { adoptOrphans, kill, waitExit } from "../linux/mod.ts";
import type { Given } from "./arguments.ts";
import type { RuntimeContext } from "./context.ts";
import { createContainer } from "./create.ts";
import { deleteContainer } from "./delete.ts";
import { codeOf } from "./exec.ts";
import { signalNumber } from "./kill.ts";
import { startContainer } from "./start.ts";

const FORWARDED = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

/** create, start, and, without --detach, wait and delete. @returns the container's exit code */
export async function runContainer(ctx: RuntimeContext, given: Given): Promise<number> {
  const detach = given.on("detach");
  if (!detach) adoptOrphans();
  const { id, pid } = await createContainer(ctx, given);
  try {
    for (const signal of detach ? [] : FORWARDED) process.on(signal, () => kill(pid, signalNumber(signal)));
    await startContainer(ctx, id);
  } catch (error) {
    await deleteContainer(ctx, id, true);
    throw error;
  }
  if (detach) return 0;
  const code = codeOf(await waitExit(pid));
  if (!given.on("keep")) await deleteContainer(ctx, id, true);
  return code;
}
