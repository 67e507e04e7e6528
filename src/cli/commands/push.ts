import { pushImage, readJsonLines } from "../../client/mod.ts";
import { canonicalName, familiarName, familiarRepository, parseReference, withDefaultTag } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { registryHeader } from "../credentials/registry-header.ts";
import { Failure } from "../failure.ts";
import { platformJson } from "../options/platform.ts";
import { out, printable } from "../output.ts";
import { showProgress } from "../progress.ts";
import { stdoutColumns } from "../terminal.ts";

const ONE_PLATFORM = `Using --platform pushes only the specified platform manifest of a multi-platform image index.
Other components, like attestations, will not be included.
To push the complete multi-platform image, remove the --platform flag.
`;

export async function run({ flags, args: [name = ""], client, config }: Invocation): Promise<number> {
  const platform = platformJson(flags.string("platform"));
  if (platform !== undefined) note(ONE_PLATFORM);
  const named = parseReference(name);
  const all = flags.bool("all-tags");
  const quiet = flags.bool("quiet");
  if (all && (named.tag !== undefined || named.digest !== undefined)) throw new Failure("tag can't be used with --all-tags/-a");
  const reference = all ? named : withDefaultTag(named);
  if (!quiet && reference.tag !== named.tag) out("Using default tag: latest\n");
  const notes: string[] = [];
  const onAux = (aux: unknown): void => void notes.push(...insteadOfIndex(aux));
  const answer = await pushImage(client, familiarRepository(reference), { tag: reference.digest ?? reference.tag, platform }, await registryHeader(config, reference));
  await showProgress(readJsonLines(answer.body), quiet ? undefined : out, { columns: stdoutColumns(), onAux });
  for (const text of notes) note(text);
  if (quiet) out(`${all ? familiarName(reference) : canonicalName(reference)}\n`);
  return 0;
}

/** What went of an index that is not here as a whole. */
function insteadOfIndex(aux: unknown): string[] {
  const { manifestPushedInsteadOfIndex, originalIndex, selectedManifest } = Object(aux) as { manifestPushedInsteadOfIndex?: boolean; originalIndex?: { digest?: string }; selectedManifest?: { digest?: string } };
  if (!manifestPushedInsteadOfIndex) return [];
  return [`Not all multiplatform-content is present and only the available single-platform image was pushed\n${originalIndex?.digest} -> ${selectedManifest?.digest}`];
}

const note = (text: string): void => out(`\n Info -> ${text.split("\n").map(printable).join("\n         ")}\n`);
