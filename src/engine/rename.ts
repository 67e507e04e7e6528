import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
export async function renameContainer(_ctx: EngineContext, _ref: string, _name: string): Promise<void> { throw new EngineError("NotImplemented", "not yet"); }
