import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { LogsOptions } from "./options.ts";
export async function containerLogs(_ctx: EngineContext, _ref: string, _options: LogsOptions, _signal: AbortSignal): Promise<{ tty: boolean; body: AsyncIterable<Uint8Array> }> { throw new EngineError("NotImplemented", "not yet"); }
