import { EngineError } from "../../base/mod.ts";
import type { TransferMessage } from "../../image/mod.ts";
import { canonicalName, familiarName, parseReference, withDefaultTag, type Digest, type Reference, type RegistryCredentials } from "../../spec/mod.ts";
import type { ShownWork } from "../../build/mod.ts";
import type { EngineContext } from "../context.ts";
import { OWN_ARCHITECTURE, platformFits } from "../create/platform.ts";
import type { BuildImages, BuildRequest, ResolvedImage } from "../ports.ts";
import { emitTransfer } from "../pull.ts";
import { cachedImages, layoutImages } from "./lent-images.ts";
import { registryClient, type RegistryAuth } from "../registries.ts";

/** @param registry as it is known at Docker Hub: `registry-1.docker.io`; others by host and port */
export type CredentialsOf = (registry: string) => Promise<RegistryCredentials | undefined>;

/** What builds do with images, by the engine's own means. */
export function buildImages(ctx: EngineContext, credentialsOf?: CredentialsOf): BuildImages {
  const authOf = (reference: Reference, request: BuildRequest): Promise<RegistryAuth> => authFor(reference, request, credentialsOf);
  return {
    find: async (ref, platform, request, work, signal) => {
      const reference = withDefaultTag(parseReference(ref));
      const wish = { os: platform.os, architecture: platform.architecture, variant: platform.variant };
      const local = request.pull ? undefined : await localImage(ctx, reference, wish);
      const image = local ?? (await pulledImage(ctx, reference, wish, await authOf(reference, request), work, signal));
      return { id: image.id, digest: digestOf(image, reference), config: image.config };
    },
    local: (ref, { os, architecture, variant }) => localImage(ctx, withDefaultTag(parseReference(ref)), { os, architecture, variant }),
    add: (built, signal) => ctx.images.addBuilt(built, signal),
    clamp: (layers, latestSeconds, signal) => ctx.images.clampLayers(layers, latestSeconds, signal),
    push: async (name, request, work, signal) => {
      const reference = parseReference(name);
      const repository = registryClient(ctx).repository(reference, await authOf(reference, request));
      await ctx.images.push({ reference, repository, signal }, showing(work));
      emitTransfer(ctx, "push", reference);
    },
    archive: async (name, names, signal) => (await ctx.images.save([name], { as: names.map(parseReference), signal })).bytes,
    cached: async (ref, request, wanted, work, signal) => await cachedImages(ctx, { ref, auth: await authOf(parseReference(ref), request), wanted }, showing(work), work, signal),
    layout: (layout, wish, signal) => layoutImages(ctx, layout, wish, signal),
    tag: (id, name) => ctx.images.tag(id, name),
    untag: async (name) => {
      await ctx.images.remove(name, { force: true, prune: true, inUse: () => [] });
    },
  };
}

type Wish = { readonly os: string; readonly architecture: string; readonly variant: string | undefined };

async function localImage(ctx: EngineContext, reference: Reference, wish: Wish): Promise<ResolvedImage | undefined> {
  try {
    const image = await ctx.images.resolveFor(familiarName(reference), wish);
    // An image that was made here for this machine may not say which one it is for.
    const fits = platformFits(image.config, wish) || (image.config.architecture === "" && wish.architecture === OWN_ARCHITECTURE);
    return fits ? image : undefined;
  } catch (error) {
    if (error instanceof EngineError && error.kind === "NotFound") return undefined;
    throw error;
  }
}

async function pulledImage(ctx: EngineContext, reference: Reference, wish: Wish, auth: RegistryAuth, work: ShownWork, signal: AbortSignal): Promise<ResolvedImage> {
  ctx.space.requireWritable();
  const repository = registryClient(ctx).repository(reference, auth);
  const { id } = await ctx.images.pull({ reference, repository, platform: wish, signal }, showing(work));
  emitTransfer(ctx, "pull", reference);
  // An index has given what fits; an image that is of no index is taken as it is, with a warning of the checks.
  return ctx.images.resolve(id);
}

function digestOf({ repoDigests }: ResolvedImage, { domain, path }: Reference): Digest | undefined {
  const repository = canonicalName({ domain, path });
  return repoDigests.map(parseReference).find((known) => canonicalName({ domain: known.domain, path: known.path }) === repository)?.digest;
}

/** Docker Hub goes by several names among credentials. */
const HUB_NAMES = ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"];

async function authFor({ domain }: Reference, { credentials }: BuildRequest, credentialsOf: CredentialsOf | undefined): Promise<RegistryAuth> {
  const names = domain === "docker.io" ? HUB_NAMES : [domain, `https://${domain}`, `https://${domain}/`, `http://${domain}`];
  const name = names.find((candidate) => Object.hasOwn(credentials, candidate));
  const found = name === undefined ? await credentialsOf?.(domain === "docker.io" ? "registry-1.docker.io" : domain) : credentials[name];
  if (!found) return {};
  const { username, password, identityToken } = found;
  return { ...(username && { username }), ...(password && { password }), ...(identityToken && { identityToken }) };
}

/** The progress of pull and push as lines of a build's. */
function showing(work: ShownWork): (message: TransferMessage) => void {
  return ({ id, status, progressDetail }) => {
    if (id === undefined || status === undefined) return;
    const { current, total } = progressDetail ?? {};
    if (/^(?:Pull complete|Already exists|Layer already exists|Pushed|Mounted from)/.test(status)) work.done(`${id} ${status}`, total ?? 0, total);
    else if (current !== undefined) work.status(`${status} ${id}`, current, total);
  };
}
