import { canonicalName } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { LocalLists, manifestReference } from "../manifest/local-lists.ts";
import { RemoteManifests } from "../manifest/remote.ts";
import { out } from "../output.ts";

export async function run({ flags, args, config }: Invocation): Promise<number> {
  const [name = "", ...images] = args;
  const target = targetOf(name);
  const lists = new LocalLists(config.folder);
  if (lists.has(target) && !flags.bool("amend")) throw new Failure("refusing to amend an existing manifest list with no --amend flag");
  const remote = new RemoteManifests(config, flags.bool("insecure"));
  for (const image of images) {
    const reference = manifestReference(image);
    const kept = lists.get(target, reference);
    const manifest = kept?.Raw ? kept : await remote.image(reference);
    if (!manifest) throw new Failure(`${canonicalName(reference)} is a manifest list`);
    lists.put(target, reference, manifest);
  }
  out(`Created manifest list ${canonicalName(target)}\n`);
  return 0;
}

function targetOf(name: string): ReturnType<typeof manifestReference> {
  try {
    return manifestReference(name);
  } catch (error) {
    throw new Failure(`error parsing name for manifest list ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
