import { nowNs } from "../base/mod.ts";
import type { EventMessage } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { exactly, labelsMatch } from "./filters.ts";
import type { EventsOptions, Filters } from "./options.ts";
import { parsePointInTime } from "./time-text.ts";

/** A reader this far behind is cut off: it can ask again with `since`. */
const MAX_BEHIND = 10_000;

/** Stored events, then live ones until `until` or the signal. Validates at once, so that a bad time is an error answer. */
export function events(ctx: EngineContext, options: EventsOptions, signal: AbortSignal): AsyncIterable<EventMessage> {
  const now = nowNs();
  const since = options.since ? parsePointInTime(options.since, now) : ctx.eventLog.lists.before(options);
  const until = options.until ? parsePointInTime(options.until, now) : undefined;
  const accepts = compileEventFilters(options.filters ?? {});
  return stream(ctx, since, until, accepts, signal);
}

async function* stream(ctx: EngineContext, since: bigint | undefined, until: bigint | undefined, accepts: (message: EventMessage) => boolean, signal: AbortSignal): AsyncGenerator<EventMessage> {
  const live = until === undefined || until > nowNs();
  const queue: EventMessage[] = [];
  let wake: () => void = () => undefined;
  const rouse = (): void => wake();
  let overflowed = false;
  const take = (message: EventMessage): void => {
    if (!accepts(message)) return;
    if (queue.length >= MAX_BEHIND) overflowed = true;
    else queue.push(message);
    wake();
  };
  // Listening begins before the past is read, so that nothing falls between.
  using _listening = live ? ctx.eventLog.listen(take) : undefined;
  if (since !== undefined || !live) yield* past(ctx, since ?? 0n, until, accepts, queue);
  if (!live) return;
  signal.addEventListener("abort", rouse);
  using _alarm = until === undefined ? undefined : alarm(until, rouse);
  try {
    while (!signal.aborted && (until === undefined || nowNs() < until)) {
      const message = queue.shift();
      if (message) yield message;
      else await new Promise<void>((resolve) => (wake = resolve));
      if (overflowed && queue.length === 0) return;
    }
  } finally {
    signal.removeEventListener("abort", rouse);
  }
}

/** Calls back once the instant is past: timers may ring a little early by this clock, and reach no further than 24 days. */
function alarm(at: bigint, ring: () => void): Disposable {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (): void => {
    const leftMs = Number((at - nowNs()) / 1_000_000n) + 1;
    timer = setTimeout(() => (nowNs() < at ? wait() : ring()), Math.min(2 ** 31 - 1, Math.max(1, leftMs)));
  };
  wait();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function* past(ctx: EngineContext, since: bigint, until: bigint | undefined, accepts: (message: EventMessage) => boolean, queue: EventMessage[]): Generator<EventMessage> {
  const stored = ctx.eventLog.between(Number(since / 1000n), until === undefined ? Number.MAX_SAFE_INTEGER : Number(until / 1000n));
  // What came in while the past was read is in the store as well.
  queue.length = 0;
  for (const message of stored) if (accepts(message)) yield message;
}

/** Different filters must all hold; of one filter's values, any. */
export function compileEventFilters(filters: Filters): (message: EventMessage) => boolean {
  return (message) => {
    const { ID = "", Attributes: attributes = {} } = message.Actor ?? {};
    const action = (message.Action ?? "").split(":")[0] ?? "";
    return (
      exactly(filters["type"], message.Type ?? "") &&
      (!filters["event"]?.length || filters["event"].some((wanted) => wanted === action || wanted === message.Action)) &&
      exactly(filters["scope"], message.scope ?? "local") &&
      actorMatches(filters, "container", message, ID, attributes) &&
      actorMatches(filters, "volume", message, ID, attributes) &&
      actorMatches(filters, "network", message, ID, attributes) &&
      actorMatches(filters, "daemon", message, ID, attributes) &&
      imageMatches(filters["image"], message, ID, attributes) &&
      labelsMatch(attributes, filters)
    );
  };
}

function actorMatches(filters: Filters, type: string, message: EventMessage, id: string, attributes: Record<string, string>): boolean {
  const wanted = filters[type];
  if (!wanted?.length) return true;
  return message.Type === type && wanted.some((text) => text === attributes["name"] || `/${attributes["name"]}` === text || (text !== "" && id.startsWith(text)));
}

/** An image by name with or without its tag; a container's events by the image it was made from. */
function imageMatches(wanted: readonly string[] | undefined, message: EventMessage, id: string, attributes: Record<string, string>): boolean {
  if (!wanted?.length) return true;
  const name = message.Type === "image" ? (attributes["name"] ?? id) : message.Type === "container" ? (attributes["image"] ?? "") : undefined;
  if (name === undefined) return false;
  const bare = name.replace(/:[^:/]+$/, "");
  return wanted.some((text) => text === name || text === bare || text === id);
}
