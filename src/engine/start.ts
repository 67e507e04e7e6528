import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { StartOptions } from "./options.ts";
export async function startContainer(_ctx: EngineContext, _ref: string, _options: StartOptions = {}): Promise<"started" | "alreadyStarted"> { throw new EngineError("NotImplemented", "not yet"); }
