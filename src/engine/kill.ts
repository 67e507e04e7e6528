import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
export async function killContainer(_ctx: EngineContext, _ref: string, _signal?: string): Promise<void> { throw new EngineError("NotImplemented", "not yet"); }
