import { start } from "../../../compose/mod.ts";
import { openContext } from "../../compose/context.ts";
import type { Invocation } from "../../command.ts";
import { openProject } from "./project-options.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  const project = await openProject(invocation, args);
  using context = openContext(invocation);
  await start(context, { name: project.name, project, services: args }, { wait: flags.bool("wait"), waitTimeoutSeconds: flags.number("wait-timeout") });
  return 0;
}
