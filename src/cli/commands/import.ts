import { importImage, readJsonLines } from "../../client/mod.ts";
import { parseReference } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { out } from "../output.ts";
import { showProgress } from "../progress.ts";
import { openInput } from "../options/input.ts";
import { splitReference } from "../options/reference.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const [source = "", reference] = args;
  const remote = /^https?:\/\//.test(source);
  if (source === "") throw new Failure("importing needs a file, a URL or - for standard input");
  if (reference !== undefined) checkReference(reference);
  const { repo, tag } = splitReference(reference);
  const answer = await importImage(
    client,
    { fromSrc: remote ? source : "-", repo, tag, message: flags.string("message"), changes: flags.list("change"), platform: flags.string("platform") },
    remote ? undefined : openInput(source === "-" ? undefined : source),
  );
  await showProgress(readJsonLines(answer.body), out);
  return 0;
}

/** @throws Failure, in docker's words */
function checkReference(reference: string): void {
  try {
    parseReference(reference);
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error));
  }
}
