import type { Repository } from "../../registry/mod.ts";
import { canonicalName, parseReference, type Descriptor, type ImageManifest, type Reference } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { listDocument } from "../manifest/list-document.ts";
import { LocalLists, manifestReference, type ListedManifest } from "../manifest/local-lists.ts";
import { RemoteManifests } from "../manifest/remote.ts";
import { out } from "../output.ts";

export async function run({ flags, args, config }: Invocation): Promise<number> {
  const target = manifestReference(args[0] ?? "");
  const lists = new LocalLists(config.folder);
  const images = lists.all(target);
  if (images.length === 0) throw new Failure(`${canonicalName(target)} not found`);
  for (const { Ref, Descriptor: { platform } } of images)
    if (!platform?.os || !platform.architecture) throw new Failure(`manifest ${Ref} must have an OS and Architecture to be pushed to a registry`);
  const { mediaType, text } = listDocument(target, images);
  const remote = new RemoteManifests(config, flags.bool("insecure"));
  const repository = await remote.repository(target);
  for (const image of images) if (parseReference(image.Ref).path !== target.path) await bringAlong(remote, repository, target, image);
  out(`${await repository.putManifest(target.tag ?? target.digest ?? "latest", mediaType, Buffer.from(text))}\n`);
  if (flags.bool("purge")) lists.remove(target);
  return 0;
}

/** An image of another repository of the registry comes along: its blobs are mounted, or copied where the registry does not mount. */
async function bringAlong(remote: RemoteManifests, repository: Repository, target: Reference, { Ref, Descriptor, Raw = "" }: ListedManifest): Promise<void> {
  const source = await remote.repository(parseReference(Ref));
  const bytes = Buffer.from(Raw, "base64");
  const { config, layers } = JSON.parse(bytes.toString("utf8")) as ImageManifest;
  for (const blob of [config, ...layers].filter(isStoredThere)) await repository.uploadBlob({ digest: blob.digest, size: blob.size, mountFrom: [source.reference.path], open: () => read(source, blob) });
  const { tag: _, ...name } = target;
  const digest = await repository.putManifest(Descriptor.digest, Descriptor.mediaType, bytes);
  out(`Pushed ref ${canonicalName({ ...name, digest: Descriptor.digest })} with digest: ${digest}\n`);
}

/** Foreign layers lie elsewhere. */
const isStoredThere = ({ urls }: Descriptor): boolean => urls === undefined || urls.length === 0;

async function* read(source: Repository, { digest, size }: Descriptor): AsyncGenerator<Uint8Array, void, void> {
  yield* await source.blob(digest, { expectedSize: size });
}
