import { EngineError } from "../base/mod.ts";
import type { ContainerInspect } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
export async function inspectContainer(_ctx: EngineContext, _ref: string, _options: { size?: boolean | undefined } = {}): Promise<ContainerInspect> { throw new EngineError("NotImplemented", "not yet"); }
