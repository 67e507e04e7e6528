import { tagImage } from "../../client/mod.ts";
import { familiarRepository, parseReference } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";

export async function run({ args, client }: Invocation): Promise<number> {
  const [source = "", target = ""] = args;
  const reference = parseTarget(target);
  if (reference.digest !== undefined) throw new Failure("refusing to create a tag with a digest reference");
  await tagImage(client, source, familiarRepository(reference), reference.tag ?? "latest");
  return 0;
}

function parseTarget(target: string) {
  try {
    return parseReference(target);
  } catch (error) {
    throw new Failure(`Error parsing reference: ${JSON.stringify(target)} is not a valid repository/tag: ${error instanceof Error ? error.message : String(error)}`);
  }
}
