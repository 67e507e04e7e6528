import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { WaitCondition, WaitOutcome } from "./options.ts";
export async function waitContainer(_ctx: EngineContext, _ref: string, _condition: WaitCondition = "not-running"): Promise<{ result: Promise<WaitOutcome> }> { throw new EngineError("NotImplemented", "not yet"); }
