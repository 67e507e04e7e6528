import { serveBuild } from "../../build/mod.ts";
import type { EngineContext } from "../context.ts";
import type { StreamSession } from "../hijack.ts";
import type { BuildRequest } from "../ports.ts";
import { runBuild } from "./run-build.ts";

/** A build for a client that holds a connection for it: what the build needs of the client's machine is asked for there. */
export function openBuildSession(ctx: EngineContext, asked: BuildRequest): StreamSession {
  const request = { ...asked, addHosts: asked.addHosts.map((entry) => entry.replace(/:host-gateway$/, () => `:${ctx.defaults.hostGatewayIPs[0] ?? ctx.network.bridge.gateway}`)) };
  return {
    tty: false,
    run: (duplex) => serveBuild(duplex, ctx.buildContexts, (client, tell, signal) => runBuild(ctx, request, client, tell, signal)),
  };
}
