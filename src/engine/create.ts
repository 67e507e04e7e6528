import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { CreateOptions } from "./options.ts";
export async function createContainer(_ctx: EngineContext, _options: CreateOptions): Promise<{ Id: string; Warnings: string[] }> { throw new EngineError("NotImplemented", "not yet"); }
