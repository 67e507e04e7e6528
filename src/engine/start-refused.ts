import { EngineError, type ErrorKind } from "../base/mod.ts";

/** Why a process did not start, with the exit code that its container then shows (126, 127, 128). */
export class StartRefused extends EngineError {
  constructor(
    kind: ErrorKind,
    message: string,
    readonly exitCode: number,
    /** Docker counts the process as started: it says this on standard error and ends with `exitCode`. */
    readonly lastWords?: string,
    options?: ErrorOptions,
  ) {
    super(kind, message, options);
  }
}
