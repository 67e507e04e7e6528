import { EngineError } from "../base/mod.ts";
import type { SystemInfo } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
export async function systemInfo(_ctx: EngineContext): Promise<SystemInfo> { throw new EngineError("NotImplemented", "not yet"); }
