import { EngineError } from "../base/mod.ts";
import type { EventMessage } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import type { EventsOptions } from "./options.ts";
/** Stored events, then live ones until `until` or the signal. Validates at once, so that a bad filter is an error answer. */
export function events(_ctx: EngineContext, _options: EventsOptions, _signal: AbortSignal): AsyncIterable<EventMessage> { throw new EngineError("NotImplemented", "not yet"); }
