import type { ByteDuplex } from "../../base/mod.ts";
import { BuildChannel, type BuildResult } from "../../spec/mod.ts";
import { causeOf, failureOf } from "../build-failure.ts";
import type { BuildClient } from "../client.ts";
import type { ContextStore } from "../contexts/store.ts";
import type { Recording } from "../history/recording.ts";
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
    recording?.completed(result);
    await teller.finish({ done: { ...result, metadata: { ...result.metadata, ...(recording && { "buildx.build.ref": `default/default/${recording.ref}` }) } } });
    if (client.holds) await channel.closed;
  } catch (error) {
    offer = offerShell(causeOf(error, StepFailed)?.failed);
    const failed = { ...failureOf(error), shell: offer !== undefined };
    recording?.failed(error, controller.signal.aborted);
    await teller.finish({ failed });
    if (offer) await channel.closed;
  } finally {
    await client.release();
    await offer?.[Symbol.asyncDispose]();
    await channel.close();
  }
}
