import type { EngineContext } from "./context.ts";
export async function recover(_ctx: EngineContext): Promise<void> {}
