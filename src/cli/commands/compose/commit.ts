import { commitContainer } from "../../../client/mod.ts";
import { openContext } from "../../compose/context.ts";
import { isDryRun } from "../../compose/dry-run.ts";
import { serviceContainer } from "../../compose/service-container.ts";
import type { Invocation } from "../../command.ts";
import { splitReference } from "../../options/reference.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args, client } = invocation;
  const [service = "", reference] = args;
  const { id, name } = await serviceContainer(invocation, service, { index: flags.number("index"), stopped: true });
  using context = openContext(invocation);
  const what = `Commit ${name}`;
  context.tell({ id: name, what, text: "Committing", status: "working" });
  const { repo, tag } = splitReference(reference);
  const image = isDryRun(invocation) ? "" : (await commitContainer(client, { container: id, repo, tag, comment: flags.string("message"), author: flags.string("author"), changes: flags.list("change"), pause: flags.bool("pause") })).Id;
  context.tell({ id: name, what, text: `Committed as ${image}`, status: "done" });
  return 0;
}
