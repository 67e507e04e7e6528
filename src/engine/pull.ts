import { EngineError, messageOf } from "../base/mod.ts";
import type { TransferMessage } from "../image/mod.ts";
import type { RegistryAuth, Repository } from "../registry/mod.ts";
import { familiarName, familiarRepository, parseReference, type Reference } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { checkPlatform, parsePlatform } from "./create/platform.ts";
import { imageName } from "./images.ts";
import { progressMessages } from "./progress-messages.ts";
import { registryClient } from "./registries.ts";

export interface PullRequest {
  readonly fromImage: string;
  /** A tag or a digest. Where neither it nor `fromImage` names one, all tags. */
  readonly tag?: string | undefined;
  readonly platform?: string | undefined;
  readonly auth: RegistryAuth;
}

const MAX_TAGS = 10_000;
const MAX_PAGES = 1_000;

/** Yields the JSON messages of POST /images/create?fromImage=. Fails before the first of them when the registry has no such image. */
export function pullImage(ctx: EngineContext, { fromImage, tag, platform, auth }: PullRequest, signal: AbortSignal): AsyncIterable<TransferMessage> {
  const reference = parseReference(imageName(fromImage, tag));
  const wish = platform ? parsePlatform(platform) : undefined;
  if (wish && wish.os !== "linux") throw new EngineError("InvalidParameter", `operating system ${JSON.stringify(wish.os)} is not supported: this machine runs images of linux`);
  ctx.space.requireWritable();
  const repository = registryClient(ctx).repository(reference, auth);
  return progressMessages<TransferMessage>(signal, async (tell, stop) => {
    let updated = false;
    for (const wanted of await referencesOf(reference, repository, stop)) {
      const pulled = await ctx.images.pull({ reference: wanted, repository, platform: wish, signal: stop }, tell);
      updated ||= pulled.updated;
      warnOfPlatform(ctx, familiarName(wanted), pulled.id, platform, tell);
    }
    tell({ status: `Status: ${updated ? "Downloaded newer image" : "Image is up to date"} for ${familiarName(reference)}` });
    emitTransfer(ctx, "pull", reference);
  });
}

async function referencesOf(reference: Reference, repository: Repository, signal: AbortSignal): Promise<Reference[]> {
  if (reference.digest !== undefined || reference.tag !== undefined) return [reference];
  const tags: string[] = [];
  let last: string | undefined;
  let pages = 0;
  do {
    const page = await repository.tags({ signal, n: 1000, ...(last !== undefined && { last }) });
    tags.push(...page.tags);
    last = page.next;
    if (tags.length > MAX_TAGS || ++pages > MAX_PAGES) throw new EngineError("InvalidParameter", `${familiarRepository(reference)} has more than ${MAX_TAGS} tags: pull those that are wanted by their names`);
  } while (last !== undefined);
  return tags.map((tag) => ({ ...reference, tag }));
}

/** A manifest that is of no index is taken whatever it is for. */
function warnOfPlatform(ctx: EngineContext, name: string, id: string, platform: string | undefined, tell: (message: TransferMessage) => void): void {
  try {
    checkPlatform(name, ctx.images.resolve(id).config, platform);
  } catch (error) {
    tell({ status: `WARNING: ${messageOf(error)}` });
  }
}

/** As Docker's: the id is the name, with the image's labels beside. */
export function emitTransfer(ctx: EngineContext, action: "pull" | "push", reference: Reference): void {
  const id = familiarName(reference);
  ctx.eventLog.emit({ type: "image", action, id, attributes: { ...labelsOf(ctx, id), name: familiarRepository(reference) } });
}

function labelsOf(ctx: EngineContext, name: string): Readonly<Record<string, string>> {
  try {
    return ctx.images.resolve(name).config.config?.Labels ?? {};
  } catch {
    // All tags of a repository without a latest, ignoring.
    return {};
  }
}
