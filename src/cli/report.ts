import { ApiError, ConnectError } from "../client/mod.ts";
import { PROGRAM, type CommandSpec } from "./command.ts";
import { Failure, UsageError } from "./failure.ts";
import { usageLine } from "./help.ts";
import { err } from "./output.ts";

/** Says on standard error what went wrong. @returns the exit code */
export function report(error: unknown, path: readonly string[], command: CommandSpec | undefined): number {
  if (error instanceof Failure) {
    if (error.message !== "") err(`${error.message}\n`);
    return error.exitCode;
  }
  const name = [PROGRAM, ...path].join(" ");
  if (error instanceof UsageError) {
    const usage = usageLine(path, command ? command.usage : "[OPTIONS] COMMAND [ARG...]");
    err(`${error.message}\n\n${usage}\n\n${seeOrRun(error.message)} '${name} --help' for more information\n`);
    return error.exitCode;
  }
  // By its name, for the module that it comes from is loaded by few commands.
  if (error instanceof Error && error.name === "ComposeError") {
    err(`${error.message}\n`);
    return 1;
  }
  if (error instanceof ApiError || error instanceof ConnectError) err(`${error.message}\n`);
  else err(`${PROGRAM}: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
}

/** Docker says "See" in this one case. */
const seeOrRun = (message: string): string => (/requires at least \d+ arguments?$/.test(message) ? "See" : "Run");
