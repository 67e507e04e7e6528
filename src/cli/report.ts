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
  if (error instanceof ConnectError) err(`${PROGRAM === "docker" ? inDockersWords(error.message) : error.message}\n`);
  else if (error instanceof ApiError) err(`${error.message}\n`);
  else err(`${PROGRAM}: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
}

/** Scripts that call docker look for its sentence. */
const inDockersWords = (message: string): string => message.replace(/^Cannot connect to the hako engine at (\S+)\. .*$/s, "Cannot connect to the Docker daemon at $1. Is the docker daemon running?");

/** Docker says "See" in this one case. */
const seeOrRun = (message: string): string => (/requires at least \d+ arguments?$/.test(message) ? "See" : "Run");
