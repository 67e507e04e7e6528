import { fetchGit, fetchHttp, type ProxyFor, type SourcePort } from "../../build/mod.ts";
import { proxyFor } from "../../registry/mod.ts";
import type { EngineContext } from "../context.ts";

/** Of the operator's settings at this moment. */
export const proxyOf = (ctx: Pick<EngineContext, "defaults">): ProxyFor => (url) => proxyFor(new URL(url), ctx.defaults.proxies)?.href;

/** Files that builds fetch by themselves. */
export function remoteSources(ctx: Pick<EngineContext, "defaults">): Required<Pick<SourcePort, "git" | "http">> {
  return {
    git: fetchGit,
    http: (op, folder, progress, signal) => fetchHttp(op, folder, progress, proxyOf(ctx), signal),
  };
}
