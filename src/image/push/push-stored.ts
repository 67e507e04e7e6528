import { EngineError } from "../../base/mod.ts";
import { familiarName, type Descriptor, type Digest } from "../../spec/mod.ts";
import type { BlobHolds } from "../blob-holds.ts";
import { MAX_MANIFEST_BYTES, parseIndex, parseJson } from "../config.ts";
import { shortID } from "../image.ts";
import { configOf, indexEntries, type IndexEntry } from "../index-content.ts";
import { settleAll } from "../install.ts";
import { mediaTypeOf } from "../manifests.ts";
import { isIndex } from "../pull/choose-manifest.ts";
import { platformMatches, platformText } from "../platform.ts";
import { stateMessage, type TransferMessage } from "../transfer-progress.ts";
import type { PushDeps, PushRequest } from "./push.ts";
import { Upload } from "./upload.ts";

/** What goes as it lies here: manifests, each before what names it, and the blobs that they name. The last one gets the tag. */
interface StoredTree {
  readonly manifests: readonly Descriptor[];
  readonly blobs: readonly Descriptor[];
}

/** An index with everything that it lists, at any depth; undefined when not all of it is here. */
export function wholeIndex(deps: PushDeps, index: Digest): StoredTree | undefined {
  const entries = indexEntries(deps.content, index);
  if (entries.length === 0 || !entries.every(({ available }) => available)) return undefined;
  const inner = innerIndexes(deps.content, index);
  return inner.every(({ digest }) => deps.content.has(digest)) ? treeOf(entries, [...inner, indexDescriptor(deps, index)]) : undefined;
}

/** Inner before outer, with those that are not here. */
function innerIndexes(content: PushDeps["content"], index: Digest): Descriptor[] {
  if (!content.has(index)) return [];
  const { manifests } = parseIndex(parseJson(content.read(index, MAX_MANIFEST_BYTES), "the index"));
  return manifests.filter(isIndex).flatMap((inner) => [...innerIndexes(content, inner.digest), inner]);
}

export function indexDescriptor({ content }: PushDeps, index: Digest): Descriptor {
  return { mediaType: mediaTypeOf({ content }, index), digest: index, size: content.size(index) ?? 0 };
}

/** @throws EngineError NotFound, in Docker's words */
export function entryFor({ content }: PushDeps, index: Digest, { reference, platform }: PushRequest): StoredTree {
  const entry = indexEntries(content, index).find((candidate) => {
    const config = candidate.kind === "image" && candidate.available ? configOf(content, candidate) : undefined;
    return config !== undefined && platform !== undefined && platformMatches(config, platform);
  });
  if (!entry) throw new EngineError("NotFound", `image with reference ${familiarName(reference)} was found but does not provide the specified platform (${platform ? platformText(platform) : ""})`);
  return treeOf([entry], []);
}

function treeOf(entries: readonly IndexEntry[], above: readonly Descriptor[]): StoredTree {
  const unique = (all: readonly Descriptor[]): Descriptor[] => [...new Map(all.map((each) => [each.digest, each])).values()];
  const blobs = entries.flatMap(({ manifest }) => (manifest ? [manifest.config, ...manifest.layers] : []));
  return { manifests: unique([...entries.map(({ descriptor }) => descriptor), ...above]), blobs: unique(blobs).filter(({ urls = [] }) => urls.length === 0) };
}

export async function pushStored(deps: PushDeps, request: PushRequest, { manifests, blobs }: StoredTree, tell: (message: TransferMessage) => void): Promise<Descriptor> {
  const { reference, repository, signal } = request;
  const tag = reference.tag ?? "latest";
  const target = manifests.at(-1);
  if (target === undefined) throw new Error("nothing is to be pushed");
  await using hold = deps.holds.open();
  for (const { digest } of [...manifests, ...blobs]) hold.add(digest);
  for (const { digest } of blobs) tell(stateMessage(shortID(digest), "Preparing"));
  if ((await repository.keptAs(tag, { signal })) === target.digest) {
    for (const { digest } of blobs) tell(stateMessage(shortID(digest), "Layer already exists"));
  } else {
    await sendAll(deps, request, blobs, hold, tell);
    for (const { digest, mediaType } of manifests) await repository.putManifest(digest === target.digest ? tag : digest, mediaType, deps.content.read(digest, MAX_MANIFEST_BYTES), { signal });
  }
  deps.places.note(reference, blobs.map(({ digest }) => digest));
  tellPushed(tag, target, tell);
  return target;
}

/** The first that fails ends the others. */
async function sendAll(deps: PushDeps, request: PushRequest, blobs: readonly Descriptor[], hold: ReturnType<BlobHolds["open"]>, tell: (message: TransferMessage) => void): Promise<void> {
  const stop = new AbortController();
  const upload = new Upload(deps, { ...request, signal: AbortSignal.any([request.signal, stop.signal]) }, hold, tell);
  await settleAll(blobs.map((blob) => upload.stored(blob).catch((error: unknown) => stop.abort(error))));
  stop.signal.throwIfAborted();
}

export function tellPushed(tag: string, { digest, size }: Pick<Descriptor, "digest" | "size">, tell: (message: TransferMessage) => void): void {
  tell({ status: `${tag}: digest: ${digest} size: ${size}` });
  tell({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
}
