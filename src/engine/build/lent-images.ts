import { EngineError } from "../../base/mod.ts";
import { EXPORTED, type LayoutSource, type LentImages, type ShownWork } from "../../build/mod.ts";
import { refuseForeignCache, type LayoutWish, type TransferMessage } from "../../image/mod.ts";
import type { Repository } from "../../registry/mod.ts";
import { canonicalName, familiarName, MEDIA, parseReference, withDefaultTag, type Descriptor, type Digest, type ImageConfig } from "../../spec/mod.ts";
import type { EngineContext } from "../context.ts";
import { registryClient, type RegistryAuth } from "../registries.ts";

const MAX_IMAGES = 200;
const MAX_DEPTH = 4;
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

/** Images of an OCI layout, under names that nobody is shown. */
export async function layoutImages(ctx: EngineContext, layout: LayoutSource, wish: LayoutWish, signal: AbortSignal): Promise<LentImages> {
  ctx.space.requireWritable();
  await using names = new AsyncDisposableStack();
  const nameOf = (): string => lentName(ctx, names);
  const bytes = layout.kind === "archive" ? layout.bytes : (await ctx.trees.packAll({ kind: "mounted", root: { kind: "bind", source: layout.folder }, binds: [] }, signal)).bytes;
  const ids = await ctx.images.loadLayout(bytes, wish, nameOf);
  return lent(ctx, ids, names.move());
}

/** Nobody is shown it, and it does not outlive the engine. */
function lentName(ctx: EngineContext, names: AsyncDisposableStack): string {
  const name = `${EXPORTED}:${crypto.randomUUID()}`;
  names.defer(() => untag(ctx, name));
  return name;
}

export interface RegistryCache {
  readonly ref: string;
  readonly auth: RegistryAuth;
  /** Asked before an image's layers are brought. */
  readonly wanted: (config: ImageConfig) => boolean;
}

/** All images of an index, or the one that the name stands for. */
export async function cachedImages(ctx: EngineContext, { ref, auth, wanted }: RegistryCache, tell: (message: TransferMessage) => void, work: ShownWork, signal: AbortSignal): Promise<LentImages> {
  ctx.space.requireWritable();
  const reference = withDefaultTag(parseReference(ref));
  const repository = registryClient(ctx).repository(reference, auth);
  await using names = new AsyncDisposableStack();
  const ids: Digest[] = [];
  for (const { digest, config } of await manifestsOf(repository, reference.digest ?? reference.tag ?? "latest", signal)) {
    if (!wanted(config)) {
      if ("moby.buildkit.cache.v0" in config) work.done("BuildKit's keys say nothing to this engine: the cache is ignored");
      continue;
    }
    const { os, architecture, variant } = config;
    // Under a name of the engine's, not the registry's: a crash leaves nothing that anybody sees.
    const exact = { ...parseReference(EXPORTED), digest };
    const { id } = await ctx.images.pull({ reference: exact, repository, platform: { os, architecture, variant }, signal }, tell);
    ctx.images.tag(id, lentName(ctx, names));
    await untag(ctx, canonicalName(exact));
    ids.push(id);
  }
  return lent(ctx, ids, names.move());
}

function lent(ctx: EngineContext, ids: readonly Digest[], held: AsyncDisposableStack): LentImages {
  return { images: ids.map((id) => ({ id, config: ctx.images.resolve(id).config })), [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Somebody else may have taken it off meanwhile. */
async function untag(ctx: EngineContext, name: string): Promise<void> {
  if (isHere(ctx, name)) await ctx.images.remove(familiarName(parseReference(name)), { force: true, prune: true, inUse: () => [] });
}

function isHere(ctx: EngineContext, name: string): boolean {
  try {
    ctx.images.resolve(familiarName(parseReference(name)));
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.kind === "NotFound") return false;
    throw error;
  }
}

interface FoundManifest {
  readonly digest: Digest;
  readonly config: ImageConfig;
}

/** @throws EngineError InvalidParameter for what is neither index nor manifest, NotImplemented for BuildKit's own */
async function manifestsOf(repository: Repository, name: string, signal: AbortSignal, depth = 0): Promise<FoundManifest[]> {
  const { descriptor, bytes } = await repository.manifest(name, { signal });
  const { manifests, config } = json(bytes, "the manifest") as { readonly manifests?: unknown; readonly config?: Descriptor };
  if (descriptor.mediaType !== MEDIA.ociIndex && descriptor.mediaType !== MEDIA.dockerManifestList) {
    if (!config || typeof config.digest !== "string" || typeof config.size !== "number" || config.size > MAX_CONFIG_BYTES) throw damaged("the manifest has no config");
    refuseForeignCache(config);
    return [{ digest: descriptor.digest, config: await configOf(repository, config, signal) }];
  }
  if (!Array.isArray(manifests) || manifests.length > MAX_IMAGES || depth >= MAX_DEPTH) throw damaged("the index is too large");
  const found: FoundManifest[] = [];
  // Before anything is asked for: among a foreign cache's entries are its layers.
  for (const entry of manifests as Partial<Descriptor>[]) refuseForeignCache({ mediaType: String(entry?.mediaType) });
  for (const entry of manifests as Partial<Descriptor>[]) {
    if (entry?.annotations?.["vnd.docker.reference.type"] === "attestation-manifest") continue;
    found.push(...(await manifestsOf(repository, String(entry?.digest), signal, depth + 1)));
    if (found.length > MAX_IMAGES) throw damaged("the index is too large");
  }
  return found;
}

async function configOf(repository: Repository, { digest, size }: Descriptor, signal: AbortSignal): Promise<ImageConfig> {
  const pieces: Uint8Array[] = [];
  for await (const piece of await repository.blob(digest, { expectedSize: size, signal })) pieces.push(piece);
  return json(Buffer.concat(pieces), "the config") as ImageConfig;
}

function json(bytes: Uint8Array, what: string): object {
  try {
    return Object(JSON.parse(Buffer.from(bytes).toString("utf8"))) as object;
  } catch {
    throw damaged(`${what} is no JSON`);
  }
}

const damaged = (what: string): EngineError => new EngineError("InvalidParameter", `the cache is damaged: ${what}`);
