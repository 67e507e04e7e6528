import { EngineError } from "../base/mod.ts";
import type { SystemDataUsage } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
export type DfType = "container" | "image" | "volume" | "build-cache";
export async function systemDf(_ctx: EngineContext, _types: readonly DfType[] = []): Promise<SystemDataUsage> { throw new EngineError("NotImplemented", "not yet"); }
