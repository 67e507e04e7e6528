import { requestAttrs, serveBuild, type BuildTitle } from "../../build/mod.ts";
import { messageOf } from "../../base/mod.ts";
import type { BuildRecord } from "../../spec/mod.ts";
import type { EngineContext } from "../context.ts";
import type { StreamSession } from "../hijack.ts";
import type { BuildRequest } from "../ports.ts";
import { runBuild } from "./run-build.ts";

/** Copies of clients' folders that no build has asked for in so long go. */
const CONTEXT_UNUSED_MS = 7 * 24 * 3_600_000;
const CONTEXT_KEEP_BYTES = 10 * 1024 ** 3;
const SWEEP_INTERVAL_MS = 3_600_000;
let sweptMs = 0;

/** A build for a client that holds a connection for it: what the build needs of the client's machine is asked for there. */
export function openBuildSession(ctx: EngineContext, asked: BuildRequest, title: Omit<BuildTitle, "target">): StreamSession {
  const request = { ...asked, addHosts: asked.addHosts.map((entry) => entry.replace(/:host-gateway$/, () => `:${ctx.defaults.hostGatewayIPs[0] ?? ctx.network.bridge.gateway}`)) };
  return {
    tty: false,
    run: async (duplex) => {
      const order = { frontend: "dockerfile.v0", attrs: requestAttrs(request, title.name), exporters: request.exporters };
      const recording = ctx.buildHistory.begin({ ...title, target: request.target }, order);
      await serveBuild(duplex, ctx.buildContexts, (client, tell, signal) => runBuild(ctx, request, client, tell, signal, { attested: (statements) => recording.attest(statements) }), recording);
      sweepContexts(ctx);
    },
  };
}

/** Now and then, when a build is over. */
export function sweepContexts(ctx: EngineContext): void {
  if (Date.now() - sweptMs < SWEEP_INTERVAL_MS) return;
  sweptMs = Date.now();
  ctx.buildContexts.prune({ unusedSinceMs: sweptMs - CONTEXT_UNUSED_MS, keepBytes: CONTEXT_KEEP_BYTES }).catch((error: unknown) => ctx.log(`copies of build contexts cannot be removed: ${messageOf(error)}`));
}

export const listBuilds = (ctx: EngineContext): readonly BuildRecord[] => ctx.buildHistory.list();

/** @throws EngineError NotFound */
export const inspectBuild = (ctx: EngineContext, ref: string): BuildRecord => ctx.buildHistory.record(ref);

/** What happened, a message a line. @throws EngineError NotFound */
export function buildLogs(ctx: EngineContext, ref: string): string {
  return ctx.buildHistory.lines(ref).map((line) => `${line}\n`).join("");
}

/** @throws EngineError NotFound */
export const removeBuild = (ctx: EngineContext, ref: string): void => ctx.buildHistory.remove(ref);
