import { EngineError } from "../base/mod.ts";
import type { SystemVersion } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
export async function systemVersion(_ctx: EngineContext): Promise<SystemVersion> { throw new EngineError("NotImplemented", "not yet"); }
