import { EngineError } from "../base/mod.ts";
import { familiarName, parseReference, withDefaultTag, type ImageProcessConfig } from "../spec/mod.ts";
import { MADE_BY_ENGINE } from "./container-tree.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import { imageName } from "./images.ts";
import { mergeImageConfig } from "./merge-image-config.ts";
import { pauseContainer, unpauseContainer } from "./pause.ts";
import type { ContainerConfig, ContainerRecord } from "./record.ts";
import { isRunning } from "./state.ts";

export interface CommitContainerOptions {
  readonly repo?: string | undefined;
  readonly tag?: string | undefined;
  readonly comment?: string | undefined;
  readonly author?: string | undefined;
  readonly pause?: boolean | undefined;
  readonly changes?: readonly string[] | undefined;
  /** Goes before the container's own. */
  readonly config?: ContainerConfig | undefined;
}

/**
 * Makes an image of a container's changes. A running container stands still meanwhile, unless told otherwise.
 * @throws EngineError NotFound, InvalidParameter, Conflict while it is being removed
 */
export async function commitContainer(ctx: EngineContext, ref: string, options: CommitContainerOptions, signal: AbortSignal): Promise<{ Id: string }> {
  const { repo, tag, comment = "", author = "" } = options;
  const name = repo ? familiarName(withDefaultTag(parseReference(imageName(repo, tag)))) : undefined;
  const record = ctx.containers.resolve(ref);
  if (record.state.status === "removing") throw new EngineError("Conflict", `You cannot commit container ${record.id} which is being removed`);
  const config = imageConfig(ctx, record, options);
  ctx.space.requireWritable();
  await using _paused = await standingStill(ctx, record, options.pause ?? true);
  const { id } = await ctx.images.commit({
    parent: record.imageID, config, author, comment, name, container: record.id, engineVersion: ctx.identity.version,
    createdBy: [...(record.config.Entrypoint ?? []), ...(record.config.Cmd ?? [])].join(" "),
    copyLayer: (folder) => ctx.trees.copyLayer(ctx.snapshots.upper(record.id), folder, MADE_BY_ENGINE, signal),
  });
  ctx.eventLog.emit({ type: "image", action: "create", id, attributes: { name: id } });
  if (name !== undefined) ctx.eventLog.emit({ type: "image", action: "tag", id, attributes: { name } });
  emitContainerEvent(ctx, record, "commit", { comment, imageID: id, imageRef: name ?? "" });
  return { Id: id };
}

const IMAGE_FIELDS = ["User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Healthcheck", "ArgsEscaped", "Volumes", "WorkingDir", "OnBuild", "Labels", "StopSignal", "Shell"] as const;

function imageConfig(ctx: EngineContext, { config: own }: ContainerRecord, { config, changes = [] }: CommitContainerOptions): ImageProcessConfig {
  const base = config && Object.keys(config).length > 0 ? config : own;
  const merged: Readonly<Record<string, unknown>> = { ...mergeImageConfig(ctx.images.applyChanges(base as ImageProcessConfig, changes) as ContainerConfig, own as ImageProcessConfig) };
  return Object.fromEntries(IMAGE_FIELDS.filter((field) => !isEmpty(merged[field])).map((field) => [field, merged[field]]));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || value === false || (typeof value === "object" && Object.keys(value).length === 0);
}

/** A container that does not run, or is paused already, is left as it is. */
async function standingStill(ctx: EngineContext, { id, state }: ContainerRecord, wanted: boolean): Promise<AsyncDisposable> {
  if (!wanted || !isRunning(state) || state.paused) return { [Symbol.asyncDispose]: async () => undefined };
  try {
    await pauseContainer(ctx, id);
  } catch (error) {
    // It has just ended or been paused: it stands still all the same.
    if (error instanceof EngineError && error.kind === "Conflict") return { [Symbol.asyncDispose]: async () => undefined };
    throw error;
  }
  return { [Symbol.asyncDispose]: () => unpauseContainer(ctx, id).catch(() => undefined) };
}
