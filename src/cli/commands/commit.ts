import { commitContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { out } from "../output.ts";
import { splitReference } from "../options/reference.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const [container = "", reference] = args;
  const { repo, tag } = splitReference(reference);
  const { Id } = await commitContainer(client, { container, repo, tag, comment: flags.string("message"), author: flags.string("author"), changes: flags.list("change"), pause: flags.bool("pause") });
  out(`${Id}\n`);
  return 0;
}
