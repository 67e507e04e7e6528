import { pushImage, readJsonLines } from "../../client/mod.ts";
import { canonicalName, familiarName, familiarRepository, parseReference, withDefaultTag } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { registryHeader } from "../credentials/registry-header.ts";
import { Failure } from "../failure.ts";
import { platformJson } from "../options/platform.ts";
import { out } from "../output.ts";
import { showProgress } from "../progress.ts";
import { stdoutColumns } from "../terminal.ts";

export async function run({ flags, args: [name = ""], client, config }: Invocation): Promise<number> {
  const named = parseReference(name);
  const all = flags.bool("all-tags");
  const quiet = flags.bool("quiet");
  if (all && (named.tag !== undefined || named.digest !== undefined)) throw new Failure("tag can't be used with --all-tags/-a");
  const reference = all ? named : withDefaultTag(named);
  if (!quiet && reference.tag !== named.tag) out("Using default tag: latest\n");
  const answer = await pushImage(client, familiarRepository(reference), { tag: reference.digest ?? reference.tag, platform: platformJson(flags.string("platform")) }, await registryHeader(config, reference));
  await showProgress(readJsonLines(answer.body), quiet ? undefined : out, { columns: stdoutColumns() });
  if (quiet) out(`${all ? familiarName(reference) : canonicalName(reference)}\n`);
  return 0;
}
