import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { StreamSession } from "./hijack.ts";
import type { AttachOptions } from "./options.ts";
export async function attachContainer(_ctx: EngineContext, _ref: string, _options: AttachOptions): Promise<StreamSession> { throw new EngineError("NotImplemented", "not yet"); }
