import type { LiveRun } from "./live.ts";
import type { ReadLogOptions } from "./ports.ts";

/** How a reader follows the log of a run that goes on; without one, what is there is all there will be. */
export function followOf(run: LiveRun | undefined): Pick<ReadLogOptions, "watch" | "ended"> {
  if (!run) return { ended: () => true };
  let over = false;
  const end = (): void => {
    over = true;
  };
  run.shim.exited.then(end, end);
  return { watch: (end) => run.shim.watchLog(end), ended: () => over };
}
