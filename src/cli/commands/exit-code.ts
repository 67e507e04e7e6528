import { PROGRAM } from "../command.ts";
import { Failure } from "../failure.ts";

/** Docker's exit code when a container could not be started: the command is missing (127), cannot be run (126), or anything else (125). */
export function startFailureCode(error: unknown): number {
  const message = (error instanceof Error ? error.message : String(error)).trimEnd();
  if (!message.startsWith("Error response from daemon:")) return 125;
  if (/executable file not found|no such file or directory|system cannot find the file specified/.test(message)) return 127;
  if (/permission denied|is a directory/.test(message)) return 126;
  return 125;
}

/** Everything that goes wrong before a container runs gets docker's frame around its sentence. */
export function frameFailure(error: unknown, path: readonly string[]): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return new Failure(`${PROGRAM}: ${message}\n\nRun '${[PROGRAM, ...path].join(" ")} --help' for more information`, startFailureCode(error));
}
