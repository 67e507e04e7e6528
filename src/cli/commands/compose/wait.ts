import { waitContainer } from "../../../client/mod.ts";
import { down, observeContainers } from "../../../compose/mod.ts";
import { openContext } from "../../compose/context.ts";
import { selection } from "../../compose/selection.ts";
import { isRunning } from "../../compose/service-container.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { out } from "../../output.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, client } = invocation;
  const { name, project, services } = await selection(invocation);
  const running = (await observeContainers(client, name)).filter((container) => services.includes(container.service) && isRunning(container));
  if (running.length === 0) throw new Failure(`no containers for project ${JSON.stringify(name)}`);
  const ends = running.map(async ({ id }) => {
    const { StatusCode } = await (await waitContainer(client, id)).result;
    out(`container ${JSON.stringify(id)} exited with status code ${StatusCode}\n`);
    return StatusCode;
  });
  if (!flags.bool("down-project")) return (await Promise.all(ends)).at(-1) ?? 0;
  const code = await Promise.race(ends);
  using context = openContext(invocation);
  await down(context, project ?? { name }, { removeOrphans: project === undefined });
  await Promise.allSettled(ends);
  return code;
}
