import { EngineError } from "../base/mod.ts";
import type { TransferMessage } from "../image/mod.ts";
import type { RegistryAuth } from "../registry/mod.ts";
import { canonicalName, familiarName, familiarRepository, MEDIA, parseReference, type Reference } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { checkPlatform, parsePlatform } from "./create/platform.ts";
import { imageName } from "./images.ts";
import { progressMessages } from "./progress-messages.ts";
import { emitTransfer } from "./pull.ts";
import { registryClient } from "./registries.ts";

export interface PushRequest {
  readonly name: string;
  /** Without one, also in the name, all tags of the repository. */
  readonly tag?: string | undefined;
  readonly platform?: string | undefined;
  readonly auth: RegistryAuth;
}

/** Yields the JSON messages of POST /images/{name}/push; what goes wrong is the last of them. */
export function pushImage(ctx: EngineContext, { name, tag, platform, auth }: PushRequest, signal: AbortSignal): AsyncIterable<TransferMessage> {
  const reference = parseReference(imageName(name, tag));
  if (reference.digest !== undefined) throw new EngineError("InvalidParameter", "cannot push a digest reference");
  const wish = platform ? parsePlatform(platform) : undefined;
  if (platform && !isIndex(ctx, familiarName(reference))) checkPlatform(familiarName(reference), ctx.images.resolve(familiarName(reference)).config, platform);
  const repository = registryClient(ctx).repository(reference, auth);
  return progressMessages<TransferMessage>(signal, async (tell, stop) => {
    tell({ status: `The push refers to repository [${canonicalName({ domain: reference.domain, path: reference.path })}]` });
    for (const wanted of tagsOf(ctx, reference)) await ctx.images.push({ reference: wanted, repository, platform: wish, signal: stop }, tell);
    emitTransfer(ctx, "push", reference);
  });
}

/** Which of its images goes is said while it is pushed. */
function isIndex(ctx: EngineContext, name: string): boolean {
  const { Descriptor } = ctx.images.inspect(name, { manifests: true });
  return Descriptor?.mediaType === MEDIA.ociIndex || Descriptor?.mediaType === MEDIA.dockerManifestList;
}

function tagsOf(ctx: EngineContext, reference: Reference): Reference[] {
  const all = ctx.images.tagsOf(reference);
  if (all.length === 0) throw new EngineError("NotFound", `An image does not exist locally with the tag: ${familiarRepository(reference)}`);
  return reference.tag === undefined ? all.filter(({ digest }) => digest === undefined) : [reference];
}
