import { EngineError, messageOf } from "../base/mod.ts";
import { familiarName, parseReference, type ImageHistoryItem, type ImageInspect, type ImageSummary } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { checkPlatform, parsePlatform, platformFits } from "./create/platform.ts";
import type { Filters } from "./options.ts";
import type { DeleteResult, ImageUse, ResolvedImage } from "./ports.ts";

export interface ImportOptions {
  repo?: string | undefined;
  tag?: string | undefined;
  message?: string | undefined;
  changes?: string[] | undefined;
  platform?: string | undefined;
}

export async function listImages(ctx: EngineContext, options: { all?: boolean | undefined; filters?: Filters | undefined; sharedSize?: boolean | undefined; manifests?: boolean | undefined } = {}): Promise<ImageSummary[]> {
  const images = ctx.images.list({ all: options.all ?? false, filters: options.filters ?? {}, ...(options.manifests && { manifests: true, inUse: (id) => usersOf(ctx, id) }) });
  const shared = options.sharedSize ? sharedBytes(ctx) : undefined;
  return images.map((image) => ({ ...image, Containers: image.Id === undefined ? 0 : ctx.containers.usersOfImage(image.Id).length, ...(shared && { SharedSize: shared.ofImage(image.Id ?? "") }) }));
}

/** Layers by the images that they are of: what several have, and what all of them take together. */
export function sharedBytes(ctx: EngineContext): { ofImage(id: string): number; readonly total: number } {
  const layersOf = new Map(ctx.images.list({ all: true, filters: {} }).map(({ Id = "" }) => [Id, new Set(ctx.images.resolve(Id).layers)]));
  const users = new Map<number, number>();
  for (const layers of layersOf.values()) for (const layer of layers) users.set(layer, (users.get(layer) ?? 0) + 1);
  const bytes = (layers: Iterable<number>): number => [...layers].reduce((sum, layer) => sum + ctx.snapshots.layerBytes(layer), 0);
  return { ofImage: (id) => bytes([...(layersOf.get(id) ?? [])].filter((layer) => (users.get(layer) ?? 0) > 1)), total: bytes(users.keys()) };
}

/** `platform`: what the image must be made for. @throws EngineError NotFound */
export async function inspectImage(ctx: EngineContext, ref: string, { platform, manifests = false }: { platform?: string | undefined; manifests?: boolean } = {}): Promise<ImageInspect> {
  const named = ctx.images.inspect(ref, { manifests, inUse: (id) => usersOf(ctx, id) });
  if (!platform) return named;
  const { id } = await imageFor(ctx, ref, platform);
  return { ...ctx.images.inspect(id), RepoTags: named.RepoTags ?? [], RepoDigests: named.RepoDigests ?? [] };
}

export async function imageHistory(ctx: EngineContext, ref: string, { platform }: { platform?: string | undefined } = {}): Promise<ImageHistoryItem[]> {
  return ctx.images.history(platform ? (await imageFor(ctx, ref, platform)).id : ref);
}

/** `repo` and `tag` as POST /images/{name}/tag hands them over. */
export async function tagImage(ctx: EngineContext, source: string, target: { repo: string; tag?: string | undefined }): Promise<void> {
  const name = imageName(target.repo, target.tag);
  const { id } = ctx.images.resolve(source);
  ctx.images.tag(source, name);
  emitImageEvent(ctx, "tag", id, name);
}

export async function removeImage(ctx: EngineContext, ref: string, options: { force?: boolean | undefined; noPrune?: boolean | undefined; platforms?: readonly string[] | undefined } = {}): Promise<DeleteResult[]> {
  const { id, config } = ctx.images.resolve(ref);
  const others = (options.platforms ?? []).map(parsePlatform).filter((wish) => !platformFits(config, wish));
  if (others.length > 0) {
    const removed = await ctx.images.removePlatforms(ref, others, (image) => usersOf(ctx, image));
    if (removed.length === 0) checkPlatform(ref, config, options.platforms?.[0]);
    return removed;
  }
  const removed = await ctx.images.remove(ref, { force: options.force ?? false, prune: !options.noPrune, inUse: (image) => usersOf(ctx, image) });
  for (const result of removed) {
    if (result.Untagged) emitImageEvent(ctx, "untag", id, id);
    if (result.Deleted === id) emitImageEvent(ctx, "delete", id, id);
  }
  return removed;
}

/** Yields the JSON messages of POST /images/create?fromSrc=-. */
export async function* importImage(ctx: EngineContext, body: AsyncIterable<Uint8Array>, options: ImportOptions): AsyncIterable<Record<string, unknown>> {
  ctx.space.requireWritable();
  const { message, changes, platform } = options;
  const ref = options.repo ? imageName(options.repo, options.tag) : undefined;
  const { id } = await ctx.images.importTar(body, { ...(ref && { ref }), ...(message && { message }), ...(changes && { changes }), ...(platform && { platform }) });
  emitImageEvent(ctx, "import", id, ref ?? id);
  if (ref) emitImageEvent(ctx, "tag", id, ref);
  yield { status: id };
}

/** Yields the JSON messages of POST /images/load; what goes wrong is the last of them. */
export async function* loadImage(ctx: EngineContext, body: AsyncIterable<Uint8Array>, options: { quiet?: boolean | undefined; platform?: string | undefined } = {}): AsyncIterable<Record<string, unknown>> {
  ctx.space.requireWritable();
  const platform = options.platform ? parsePlatform(options.platform) : undefined;
  const queue: Record<string, unknown>[] = [];
  let wake: () => void = () => undefined;
  let done = false;
  const loading = ctx.images
    .load(body, (progress) => {
      if (options.quiet && progress["stream"] === undefined) return;
      queue.push(progress);
      wake();
    }, platform)
    .finally(() => {
      done = true;
      wake();
    });
  loading.catch(() => undefined);
  while (!done || queue.length > 0) {
    const message = queue.shift();
    if (message) yield message;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
  await loading;
}

/** The archive of GET /images/get. @throws EngineError NotFound, before its first byte */
export async function saveImages(ctx: EngineContext, names: readonly string[], { platform }: { platform?: string | undefined }, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const { images, bytes } = await ctx.images.save(names, { platform: platform ? parsePlatform(platform) : undefined, signal });
  for (const { id, names: [name = id] } of images) emitImageEvent(ctx, "save", id, name);
  return bytes;
}

export async function pruneImages(ctx: EngineContext, filters: Filters = {}): Promise<{ ImagesDeleted: DeleteResult[] | null; SpaceReclaimed: number }> {
  const { deleted, spaceReclaimed } = await ctx.images.prune(filters, (image) => usersOf(ctx, image));
  ctx.eventLog.emit({ type: "image", action: "prune", id: "", attributes: { reclaimed: String(spaceReclaimed) } });
  return { ImagesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: spaceReclaimed };
}

/** @throws EngineError NotFound when neither the image nor its index has the platform */
async function imageFor(ctx: EngineContext, ref: string, platform: string): Promise<ResolvedImage> {
  const image = await ctx.images.resolveFor(ref, parsePlatform(platform));
  checkPlatform(ref, image.config, platform);
  return image;
}

function usersOf(ctx: EngineContext, image: string): ImageUse[] {
  return ctx.containers.usersOfImage(image).map(({ id, state }) => ({ id, running: state.status === "running" }));
}

/** The name that two parameters of the API make together. @throws EngineError InvalidParameter */
export function imageName(repo: string, tag: string | undefined): string {
  if (tag && !tag.startsWith("sha256:") && !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(tag)) throw new EngineError("InvalidParameter", "invalid tag format");
  try {
    return familiarName(parseReference(tag ? (tag.startsWith("sha256:") ? `${repo}@${tag}` : `${repo}:${tag}`) : repo));
  } catch (error) {
    throw error instanceof EngineError ? error : new EngineError("InvalidParameter", messageOf(error));
  }
}

function emitImageEvent(ctx: EngineContext, action: string, id: string, name: string): void {
  ctx.eventLog.emit({ type: "image", action, id, attributes: { name } });
}
