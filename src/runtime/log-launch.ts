import type { ContainerLaunch } from "./launch.ts";
import { prepareLog } from "./logs/repair-log.ts";

/** The launch with a log that is in order: what an earlier run left is repaired, and the shim is to know where its files begin. */
export function withOrderlyLog<L extends Pick<ContainerLaunch, "log">>(launch: L): L {
  const { log } = launch;
  return log ? { ...launch, log: { ...log, present: prepareLog(log, log.maxFiles) } } : launch;
}
