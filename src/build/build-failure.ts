import { messageOf } from "../base/mod.ts";
import { DockerfileError } from "../dockerfile/mod.ts";
import type { BuildFailure } from "../spec/mod.ts";
import { BuildError } from "./build-error.ts";
import { StepFailed } from "./solver/step-failed.ts";

/** What clients are told of an error. */
export function failureOf(error: unknown): Omit<BuildFailure, "shell"> {
  const step = causeOf(error, StepFailed);
  const excerpt = causeOf(error, BuildError)?.excerpts.join("") ?? causeOf(error, DockerfileError)?.excerpt() ?? "";
  return { message: messageOf(error), vertex: step?.vertex.digest, exitCode: step?.exitCode, excerpt };
}

/** The first of this class among an error and its causes. */
export function causeOf<T>(error: unknown, kind: abstract new (...args: never[]) => T): T | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 10; each = each.cause, depth++) if (each instanceof kind) return each;
  return undefined;
}
