import { EngineError } from "../../base/mod.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { FailedStep } from "./types.ts";

/** A vertex that failed; the message is its reason. */
export class StepFailed extends EngineError {
  constructor(
    readonly vertex: Vertex,
    message: string,
    options: { readonly cause: unknown; readonly exitCode?: number | undefined; readonly failed?: FailedStep | undefined },
  ) {
    super(options.cause instanceof EngineError ? options.cause.kind : "System", message, { cause: options.cause });
    this.exitCode = options.exitCode;
    this.failed = options.failed;
  }

  /** Of a command that ran. */
  readonly exitCode: number | undefined;
  /** When the build asked for it. */
  readonly failed: FailedStep | undefined;
}

/** A command ended with something else than 0. */
export class CommandFailed extends EngineError {
  constructor(
    message: string,
    readonly exitCode: number,
    readonly failed: FailedStep | undefined,
  ) {
    super("InvalidParameter", message);
  }
}
