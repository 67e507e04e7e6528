import { EngineError, type ErrorKind } from "../base/mod.ts";

/** Why a process did not start, with the exit code that its container then shows (126, 127, 128). */
export class StartRefused extends EngineError {
  constructor(
    kind: ErrorKind,
    message: string,
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(kind, message, options);
  }
}
