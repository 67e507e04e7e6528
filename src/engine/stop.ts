import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { StopOptions } from "./options.ts";
export async function stopContainer(_ctx: EngineContext, _ref: string, _options: StopOptions = {}): Promise<"stopped" | "alreadyStopped"> { throw new EngineError("NotImplemented", "not yet"); }
