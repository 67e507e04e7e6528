import { messageOf, type ByteDuplex } from "../../base/mod.ts";
import { DockerfileError } from "../../dockerfile/mod.ts";
import { BuildChannel, type BuildFailure, type BuildResult } from "../../spec/mod.ts";
import { BuildError } from "../build-error.ts";
import type { BuildClient } from "../client.ts";
import type { ContextStore } from "../contexts/store.ts";
import type { Recording } from "../history/history.ts";
import type { BuildEvent } from "../progress.ts";
import { StepFailed } from "../solver/step-failed.ts";
import { SessionClient } from "./session-client.ts";
import { offerShell, refuseQuestions, type ShellOffer } from "./shell-offer.ts";
import { Teller } from "./teller.ts";

/** Builds for the client it is given. Rejects with what went wrong, or because of the signal. */
export type RunBuild = (client: BuildClient, tell: (event: BuildEvent) => void, signal: AbortSignal) => Promise<BuildResult>;

/** One build over one connection: resolves when both are over. A client that goes cancels it. */
export async function serveBuild(duplex: ByteDuplex, contexts: ContextStore, run: RunBuild, recording?: Recording): Promise<void> {
  const controller = new AbortController();
  let offer: ShellOffer | undefined;
  const channel = new BuildChannel(duplex, "engine", (question, stream) => (offer ? offer.open(question, stream) : refuseQuestions()));
  void channel.closed.then(() => controller.abort());
  const teller = new Teller(channel.open({ ask: "events" }));
  const client = new SessionClient(channel, contexts);
  try {
    const tell = (event: BuildEvent): void => {
      teller.tell(event);
      recording?.tell(event);
    };
    const result = await run(client, tell, controller.signal);
    recording?.finish(undefined, false);
    await teller.finish({ done: { ...result, metadata: { ...result.metadata, ...(recording && { "buildx.build.ref": `default/default/${recording.ref}` }) } } });
    if (client.holds) await channel.closed;
  } catch (error) {
    offer = offerShell(causeOf(error, StepFailed)?.failed);
    const failed = { ...failureOf(error), shell: offer !== undefined };
    recording?.finish({ ...failed, shell: false }, controller.signal.aborted);
    await teller.finish({ failed });
    if (offer) await channel.closed;
  } finally {
    await client.release();
    await offer?.[Symbol.asyncDispose]();
    await channel.close();
  }
}

function failureOf(error: unknown): Omit<BuildFailure, "shell"> {
  const step = causeOf(error, StepFailed);
  const excerpt = causeOf(error, BuildError)?.excerpts.join("") ?? causeOf(error, DockerfileError)?.excerpt() ?? "";
  return { message: messageOf(error), vertex: step?.vertex.digest, exitCode: step?.exitCode, excerpt };
}

/** The first of this class among an error and its causes. */
function causeOf<T>(error: unknown, kind: abstract new (...args: never[]) => T): T | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 10; each = each.cause, depth++) if (each instanceof kind) return each;
  return undefined;
}
