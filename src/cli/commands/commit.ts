import { commitContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { out } from "../output.ts";
import { checkImageName } from "./create-container.ts";
import { splitReference } from "../options/reference.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const [container = "", reference] = args;
  if (reference !== undefined) await checkReference(reference);
  const { repo, tag } = splitReference(reference);
  const { Id } = await commitContainer(client, { container, repo, tag, comment: flags.string("message"), author: flags.string("author"), changes: flags.list("change"), pause: flags.bool("pause") });
  out(`${Id}\n`);
  return 0;
}

/** Refused before the engine is asked, as docker does. */
async function checkReference(reference: string): Promise<void> {
  try {
    await checkImageName(reference);
  } catch (error) {
    throw error instanceof Error ? new Failure(error.message) : error;
  }
}
