import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
export async function resizeContainer(_ctx: EngineContext, _ref: string, _height: number, _width: number): Promise<void> { throw new EngineError("NotImplemented", "not yet"); }
