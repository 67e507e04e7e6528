import type { ByteDuplex } from "../../base/mod.ts";
import { BuildChannel, decodeBuildMessage, LineReader, type BuildFailure, type BuildMessage, type BuildQuestion, type BuildResult, type BuildEvent } from "../../spec/mod.ts";
import { answerQuestion, type BuildInput } from "./answers.ts";

const MAX_LINE_CHARACTERS = 64 * 1024 * 1024;

export type BuildEnd = { readonly done: BuildResult } | { readonly failed: BuildFailure };

/** This side of a build's connection. */
export class BuildConnection {
  readonly channel: BuildChannel;
  readonly #end = Promise.withResolvers<BuildEnd>();

  constructor(duplex: ByteDuplex, input: BuildInput, show: (event: BuildEvent) => void) {
    this.channel = new BuildChannel(duplex, "client", async (asked, stream) => {
      const question = asked as BuildQuestion;
      if (question.ask === "events") return await this.#read(stream.input, show);
      await answerQuestion(input, question, stream);
    });
    void this.channel.closed.then((reason) => this.#end.reject(reason ?? new Error("the build was cancelled")));
    this.#end.promise.catch(() => undefined);
  }

  /** How it ended. @throws Error when the connection is gone before */
  get end(): Promise<BuildEnd> {
    return this.#end.promise;
  }

  async #read(input: AsyncIterable<Uint8Array>, show: (event: BuildEvent) => void): Promise<void> {
    const lines = new LineReader();
    for await (const piece of input) for (const line of lines.push(piece, MAX_LINE_CHARACTERS)) this.#take(decodeBuildMessage(line), show);
  }

  #take(message: BuildMessage, show: (event: BuildEvent) => void): void {
    if ("event" in message) show(message.event);
    else this.#end.resolve(message);
  }
}
