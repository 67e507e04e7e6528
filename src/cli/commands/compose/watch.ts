import { up } from "../../../compose/mod.ts";
import { openContext } from "../../compose/context.ts";
import { sayWatch } from "../../compose/watch/say.ts";
import { watchProject } from "../../compose/watch/watch-project.ts";
import { triggersOf } from "../../compose/watch/triggers.ts";
import type { Invocation } from "../../command.ts";
import { openProject } from "./project-options.ts";

const INTERRUPTED = 130;

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  const project = await openProject(invocation, args);
  triggersOf(project, args);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => (stop.signal.aborted ? process.exit(INTERRUPTED) : stop.abort(new Error("stopped"))));
  using context = openContext(invocation, { signal: stop.signal });
  if (!flags.bool("no-up")) await up(context, project, { asked: args, build: true });
  context.view.end();
  if (context.dryRun) return 0;
  await watchProject(context, project, { services: args, say: sayWatch, signal: stop.signal, prune: flags.bool("prune") });
  return INTERRUPTED;
}
