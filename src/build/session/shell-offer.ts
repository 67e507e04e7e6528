import { EngineError } from "../../base/mod.ts";
import type { BuildStream } from "../../spec/mod.ts";
import type { FailedStep } from "../solver/types.ts";

const MAX_ARGUMENTS = 1000;

/** Shells in a failed step's file system, for the client whose build failed. */
export interface ShellOffer extends AsyncDisposable {
  open(question: unknown, stream: BuildStream): Promise<void>;
}

export function refuseQuestions(): never {
  throw new EngineError("InvalidParameter", "the engine answers nothing while it builds");
}

export function offerShell(failed: FailedStep | undefined): ShellOffer | undefined {
  if (!failed) return undefined;
  return {
    open: async (question, stream) => {
      const { ask, args, rows, cols } = Object(question) as Record<string, unknown>;
      if (ask !== "shell" || !isTexts(args) || typeof rows !== "number" || typeof cols !== "number") refuseQuestions();
      await using shell = await failed.openShell({ args, ...(rows > 0 && cols > 0 && { terminal: { rows, cols } }) });
      const stdin = await shell.openStdin();
      const input = (async () => {
        for await (const bytes of stream.input) await stdin.write(bytes);
        stdin.end();
      })();
      // A client that goes ends the shell.
      input.catch(() => shell.kill());
      for await (const { bytes } of shell.output) await stream.write(bytes);
      // How it ended says nothing of the build, which has failed already.
      await shell.exited;
      stream.end();
    },
    [Symbol.asyncDispose]: () => failed[Symbol.asyncDispose]().then(() => undefined),
  };
}

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.length > 0 && value.length <= MAX_ARGUMENTS && value.every((each) => typeof each === "string");
