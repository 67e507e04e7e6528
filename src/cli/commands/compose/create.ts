import { up } from "../../../compose/mod.ts";
import { openContext } from "../../compose/context.ts";
import { withScales } from "../../compose/scales.ts";
import type { Invocation } from "../../command.ts";
import { openProject } from "./project-options.ts";
import { checkExclusive, pullPolicy } from "./up.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  checkExclusive(flags, [["build", "no-build"], ["force-recreate", "no-recreate"]]);
  const project = withScales(await openProject(invocation, args), flags.list("scale"));
  const recreate = flags.bool("force-recreate") ? "force" : flags.bool("no-recreate") ? "never" : "diverged";
  const pull = pullPolicy(flags.string("pull"));
  using context = openContext(invocation);
  await up(context, project, { asked: args, recreate, recreateDependencies: recreate === "force" ? "diverged" : recreate, removeOrphans: flags.bool("remove-orphans"), noStart: true, build: flags.bool("build"), noBuild: flags.bool("no-build"), pull });
  return 0;
}
