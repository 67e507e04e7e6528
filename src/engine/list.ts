import { EngineError } from "../base/mod.ts";
import type { ContainerSummary } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { healthOf } from "./health/monitor.ts";
import { compileListFilters } from "./list-filters.ts";
import type { ListOptions } from "./options.ts";
import { shownPorts } from "./publish.ts";
import type { ContainerRecord } from "./record.ts";
import { endpointsOf, mountPoints } from "./shapes.ts";
import { dockerStatus } from "./state.ts";
import { statusText } from "./status-text.ts";

/** Newest first. @throws EngineError InvalidParameter for a filter that is none */
export async function listContainers(ctx: EngineContext, options: ListOptions = {}): Promise<ContainerSummary[]> {
  const filters = options.filters ?? {};
  ctx.eventLog.lists.note(options);
  const accepts = compileListFilters(ctx, filters);
  const limit = options.limit && options.limit > 0 ? options.limit : Infinity;
  const stoppedToo = options.all || limit !== Infinity || (filters["status"]?.length ?? 0) > 0 || (filters["exited"]?.length ?? 0) > 0;
  const chosen: ContainerRecord[] = [];
  for (const record of ctx.containers.all().reverse()) {
    if (chosen.length >= limit) break;
    const status = dockerStatus(record.state);
    if (!stoppedToo && status !== "running" && status !== "paused" && status !== "restarting") continue;
    if (accepts(record)) chosen.push(record);
  }
  const images = new ImageNames(ctx);
  return await Promise.all(chosen.map((record) => summaryOf(ctx, record, options.size ?? false, images)));
}

export async function summaryOf(ctx: EngineContext, record: ContainerRecord, withSize: boolean, images = new ImageNames(ctx)): Promise<ContainerSummary> {
  const size = withSize ? withoutZero(await sizesOf(ctx, record)) : undefined;
  return { ...lastingPart(ctx, record), Image: images.shown(record), Status: statusText(record, Date.now(), healthOf(ctx, record)?.status), ...size };
}

/** By record, which is another object after every change: a list of many containers works out only what has changed. */
const lastingParts = new WeakMap<ContainerRecord, ContainerSummary>();

/** All but sizes; image name and status stand in their places, to be told anew each time. */
function lastingPart(ctx: EngineContext, record: ContainerRecord): ContainerSummary {
  const known = lastingParts.get(record);
  if (known) return known;
  const part: ContainerSummary = {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: "",
    ImageID: record.imageID,
    Command: commandText(record),
    Created: Math.floor(Date.parse(record.createdAt) / 1000),
    Ports: record.state.status === "running" ? shownPorts(ctx, record) : [],
    Labels: record.config.Labels ?? {},
    State: dockerStatus(record.state),
    Status: "",
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode ?? "bridge", ...(record.hostConfig.Annotations && { Annotations: record.hostConfig.Annotations }) },
    NetworkSettings: { Networks: endpointsOf(ctx, record) },
    Mounts: mountPoints(ctx, record),
  };
  lastingParts.set(record, part);
  return part;
}

/** What a name means, asked once per list: many containers share few images. */
class ImageNames {
  readonly #ids = new Map<string, string | undefined>();

  constructor(private readonly ctx: EngineContext) {}

  /** The name it was created with while that still names its image, else the image's id. */
  shown(record: ContainerRecord): string {
    if (!this.#ids.has(record.imageRef)) this.#ids.set(record.imageRef, this.#idOf(record.imageRef));
    return this.#ids.get(record.imageRef) === record.imageID ? record.imageRef : record.imageID;
  }

  #idOf(ref: string): string | undefined {
    try {
      return this.ctx.images.resolve(ref).id;
    } catch (error) {
      if (error instanceof EngineError) return undefined;
      throw error;
    }
  }
}

function commandText({ path, args }: ContainerRecord): string {
  return [path, ...args].map((word) => (/\s/.test(word) ? `'${word}'` : word)).join(" ");
}

/** Docker's lists leave out what is zero, its inspect does not. */
function withoutZero({ SizeRw, SizeRootFs }: { SizeRw: number; SizeRootFs: number }): { SizeRw?: number; SizeRootFs: number } {
  return { ...(SizeRw > 0 && { SizeRw }), SizeRootFs };
}

export async function sizesOf(ctx: EngineContext, record: ContainerRecord): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const writable = await ctx.snapshots.usage(record.id).catch(() => 0);
  const image = imageSize(ctx, record);
  return { SizeRw: writable, SizeRootFs: image + writable };
}

function imageSize(ctx: EngineContext, record: ContainerRecord): number {
  try {
    return ctx.images.resolve(record.imageID).size;
  } catch {
    return 0;
  }
}
