import { EngineError } from "../base/mod.ts";
import type { ContainerSummary } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import type { ListOptions } from "./options.ts";
export async function listContainers(_ctx: EngineContext, _options: ListOptions = {}): Promise<ContainerSummary[]> { throw new EngineError("NotImplemented", "not yet"); }
