import { ApiError, openBuild } from "../../client/mod.ts";
import type { BuildChannel, BuildEvent } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { BuildConnection, type BuildEnd } from "./connection.ts";
import type { PreparedBuild } from "./request.ts";

/** A build that goes on, at whatever engine it is. */
export interface RunningBuild {
  readonly end: Promise<BuildEnd>;
  /** Undefined at an engine that is none of ours. */
  readonly channel: BuildChannel | undefined;
  /** Ends it, when it has not ended; what the engine keeps for its client goes. */
  close(): Promise<void>;
}

/** Begins a build by our own route, or by the classic one where there is no other. @throws Failure, ApiError */
export async function startBuild(invocation: Pick<Invocation, "client" | "config">, prepared: PreparedBuild, show: (event: BuildEvent) => void): Promise<RunningBuild> {
  try {
    const { channel, end } = new BuildConnection(await openBuild(invocation.client, prepared.request, prepared.title), prepared.input, show);
    return { end, channel, close: () => channel.close() };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    const { buildClassically } = await import("./classic/classic-build.ts");
    const stop = new AbortController();
    const end = buildClassically(invocation, prepared, show, stop.signal);
    end.catch(() => undefined);
    return { end, channel: undefined, close: async () => stop.abort() };
  }
}
