import type { EngineContext } from "./context.ts";
export async function shutdown(_ctx: EngineContext): Promise<void> {}
