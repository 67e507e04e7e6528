import { out, printable } from "../../output.ts";
import { stdoutIsTerminal } from "../../terminal.ts";

/** In the form of docker-compose: behind a mark, where names of containers stand before their output. */
export function sayWatch(sentence: string): void {
  const mark = "        ⦿ ";
  out(`${stdoutIsTerminal() ? `\x1b[92m${mark}\x1b[0m` : mark}${sentence.split("\n").map(printable).join("\n")}\n`);
}
