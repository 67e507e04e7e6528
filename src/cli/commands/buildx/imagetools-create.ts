import { readFileSync } from "node:fs";
import { canonicalName, familiarName, MEDIA, parseReference, withDefaultTag, type Descriptor, type ImageIndex, type Reference } from "../../../spec/mod.ts";
import { parsePlatforms } from "../../build/options/values.ts";
import { checkBuilder } from "../../buildx/only-builder.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import type { Flags } from "../../flags.ts";
import { bringAlong, type Source } from "../../manifest/bring-along.ts";
import { isList, RemoteManifests } from "../../manifest/remote.ts";
import { err, out } from "../../output.ts";

export async function run({ flags, args, config }: Invocation): Promise<number> {
  checkBuilder(flags);
  const tags = flags.list("tag").map((tag) => withDefaultTag(parseReference(tag)));
  const dryRun = flags.bool("dry-run");
  if (args.length === 0 && flags.list("file").length === 0) throw new Failure("ERROR: no sources specified");
  if (!dryRun && tags.length === 0) throw new Failure("ERROR: can't push with no tags specified, please set --tag or --dry-run");
  const remote = new RemoteManifests(config, false);
  const names = [...(flags.bool("append") ? tags.slice(0, 1).map(familiarName) : []), ...args, ...filed(flags, tags)];
  const sources = await Promise.all(names.map((name) => sourceOf(remote, name)));
  const made = await manifestOf(remote, sources, flags);
  if (dryRun) {
    out(`${Buffer.from(made.bytes).toString("utf8")}\n`);
    return 0;
  }
  for (const tag of tags) {
    const target = await remote.repository(tag);
    for (const source of sources) await bringAlong(source, target);
    const digest = await target.putManifest(tag.tag ?? "latest", made.mediaType, made.bytes);
    err(`pushed ${canonicalName(tag)}@${digest}\n`);
  }
  return 0;
}

/** Descriptors in files name what is in the repository of the first tag. */
function filed(flags: Flags, [tag]: readonly Reference[]): string[] {
  return flags.list("file").map((path) => {
    const { digest } = JSON.parse(readFileSync(path, "utf8")) as { digest?: string };
    if (!tag || !digest) throw new Failure(`ERROR: ${path} holds no descriptor, or there is no --tag whose repository it is of`);
    const { tag: _, ...name } = tag;
    return canonicalName({ ...name, digest: digest as Descriptor["digest"] });
  });
}

async function sourceOf(remote: RemoteManifests, name: string): Promise<Source> {
  const reference = withDefaultTag(parseReference(name));
  const repository = await remote.repository(reference);
  try {
    return { repository, ...(await repository.manifest(reference.digest ?? reference.tag ?? "latest")) };
  } catch (error) {
    throw new Failure(`ERROR: ${canonicalName(reference)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The one source as it is, or an index of all that they hold. */
async function manifestOf(remote: RemoteManifests, sources: readonly Source[], flags: Flags): Promise<{ mediaType: string; bytes: Uint8Array }> {
  const [first] = sources;
  const annotations = annotationsOf(flags);
  const platforms = parsePlatforms(flags.list("platform"));
  const asItIs = sources.length === 1 && first && platforms.length === 0 && annotations === undefined && (isList(first.descriptor) || !flags.bool("prefer-index"));
  if (asItIs) return { mediaType: first.descriptor.mediaType, bytes: first.bytes };
  const listed = (await Promise.all(sources.map((source) => descriptorsOf(remote, source)))).flat();
  const wanted = listed.filter(({ platform }) => platforms.length === 0 || platforms.some(({ os, architecture, variant }) => platform?.os === os && platform.architecture === architecture && (variant === undefined || platform.variant === variant)));
  const manifests = [...new Map(wanted.map((descriptor) => [descriptor.digest, descriptor])).values()];
  if (manifests.length === 0) throw new Failure("ERROR: none of the sources has an image for that platform");
  const index = { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests, ...(annotations && { annotations }) };
  return { mediaType: MEDIA.ociIndex, bytes: Buffer.from(JSON.stringify(index, undefined, 2)) };
}

function annotationsOf(flags: Flags): Record<string, string> | undefined {
  const written = flags.list("annotation").map((text): [string, string] => {
    const [, key, value] = /^(?:index:)?([^=]+)=(.*)$/s.exec(text) ?? [];
    if (key === undefined) throw new Failure(`ERROR: invalid annotation ${JSON.stringify(text)}, expected key=value`);
    return [key, value ?? ""];
  });
  return written.length === 0 ? undefined : Object.fromEntries(written);
}

async function descriptorsOf(remote: RemoteManifests, { repository, descriptor, bytes }: Source): Promise<Descriptor[]> {
  if (isList(descriptor)) return (JSON.parse(Buffer.from(bytes).toString("utf8")) as ImageIndex).manifests;
  const { tag: _, ...name } = repository.reference;
  const image = await remote.image({ ...name, digest: descriptor.digest });
  const { mediaType, digest, size } = descriptor;
  const platform = image?.Descriptor.platform;
  return [{ mediaType, digest, size, ...(platform && { platform }) }];
}
