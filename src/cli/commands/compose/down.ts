import { down } from "../../../compose/mod.ts";
import { openContext } from "../../compose/context.ts";
import { selection } from "../../compose/selection.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  const images = flags.string("rmi") || undefined;
  if (images !== undefined && images !== "all" && images !== "local") throw new Failure(`invalid value for --rmi: ${JSON.stringify(images)}`);
  const { name, project } = await selection(invocation, []);
  using context = openContext(invocation);
  const services = args.length > 0 ? args : undefined;
  await down(context, project ?? { name }, {
    ...(services && { services }),
    removeOrphans: flags.bool("remove-orphans") || process.env["COMPOSE_REMOVE_ORPHANS"] === "true" || project === undefined,
    removeVolumes: flags.bool("volumes"),
    removeImages: images,
    timeoutSeconds: flags.changed("timeout") ? flags.number("timeout") : undefined,
  });
  return 0;
}
