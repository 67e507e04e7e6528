import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
export async function pauseContainer(_ctx: EngineContext, _ref: string): Promise<void> { throw new EngineError("NotImplemented", "not yet"); }
export async function unpauseContainer(_ctx: EngineContext, _ref: string): Promise<void> { throw new EngineError("NotImplemented", "not yet"); }
