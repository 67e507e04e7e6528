import { canonicalName, type Reference } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { listDocument } from "../manifest/list-document.ts";
import { LocalLists, manifestReference, noSuchManifest, type ListedManifest } from "../manifest/local-lists.ts";
import { RemoteManifests } from "../manifest/remote.ts";
import { out } from "../output.ts";

export async function run({ flags, args, config }: Invocation): Promise<number> {
  const verbose = flags.bool("verbose");
  const reference = manifestReference(args.at(-1) ?? "");
  const lists = new LocalLists(config.folder);
  if (args.length > 1) {
    const kept = lists.get(manifestReference(args[0] ?? ""), reference);
    if (!kept) throw noSuchManifest(canonicalName(reference));
    showImage(kept, verbose);
  } else if (lists.has(reference)) showList(reference, lists.all(reference), verbose);
  else {
    const remote = new RemoteManifests(config, flags.bool("insecure"));
    const image = await remote.image(reference);
    if (image) showImage(image, verbose);
    else showList(reference, await remote.list(reference), verbose);
  }
  return 0;
}

const indented = (value: unknown): string => JSON.stringify(value, undefined, "\t");

function showImage(image: ListedManifest, verbose: boolean): void {
  out(`${indented(verbose ? image : JSON.parse(Buffer.from(image.Raw ?? "bnVsbA==", "base64").toString("utf8")))}\n`);
}

function showList(reference: Reference, images: readonly ListedManifest[], verbose: boolean): void {
  out(`${verbose ? indented(images) : listDocument(reference, images).text}\n`);
}
