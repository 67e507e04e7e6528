import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { TopResult } from "./options.ts";
export async function topContainer(_ctx: EngineContext, _ref: string, _psArgs = "-ef"): Promise<TopResult> { throw new EngineError("NotImplemented", "not yet"); }
