import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { Filters, PruneResult } from "./options.ts";
export async function pruneContainers(_ctx: EngineContext, _filters: Filters = {}): Promise<PruneResult> { throw new EngineError("NotImplemented", "not yet"); }
