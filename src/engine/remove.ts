import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { RemoveOptions } from "./options.ts";
export async function removeContainer(_ctx: EngineContext, _ref: string, _options: RemoveOptions = {}): Promise<void> { throw new EngineError("NotImplemented", "not yet"); }
