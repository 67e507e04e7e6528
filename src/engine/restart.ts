import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { StopOptions } from "./options.ts";
export async function restartContainer(_ctx: EngineContext, _ref: string, _options: StopOptions = {}): Promise<void> { throw new EngineError("NotImplemented", "not yet"); }
