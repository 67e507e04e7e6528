import { observeContainers, remove, stop } from "../../../compose/mod.ts";
import { openContext } from "../../compose/context.ts";
import { selection } from "../../compose/selection.ts";
import { isRunning } from "../../compose/service-container.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { out } from "../../output.ts";
import { askLine } from "../../questions.ts";
import { stdinIsTerminal } from "../../terminal.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, client } = invocation;
  const chosen = await selection(invocation);
  const unknown = chosen.project && chosen.services.find((service) => !chosen.project?.services[service]);
  if (unknown !== undefined) throw new Failure(`no such service: ${unknown}`);
  using context = openContext(invocation);
  if (flags.bool("stop")) await stop(context, chosen);
  const wanted = chosen.services.length > 0 ? chosen.services : chosen.project && Object.keys(chosen.project.services);
  const containers = (await observeContainers(client, chosen.name)).filter((container) => (!wanted || wanted.includes(container.service)) && !container.oneOff && !isRunning(container));
  context.view.end();
  if (containers.length === 0) {
    out("No stopped containers\n");
    return 0;
  }
  out(`Going to remove ${containers.map(({ name }) => name).join(", ")}${flags.bool("force") ? "\n" : ""}`);
  if (flags.bool("force") || (await isWanted())) await remove(context, containers, { removeVolumes: flags.bool("volumes") });
  return 0;
}

/** Nobody who could be asked means no. */
async function isWanted(): Promise<boolean> {
  return stdinIsTerminal() && /^y(es)?$/i.test((await askLine("\nAre you sure? [yN] ")).trim());
}
