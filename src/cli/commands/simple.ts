import { Failure } from "../failure.ts";
import { err, out } from "../output.ts";

/**
 * Does one thing to each of several objects and prints its name; failures do not stop the others and end in exit code 1,
 * but for those that are `tolerated`.
 */
export async function forEachName(names: readonly string[], act: (name: string) => Promise<unknown>, tolerated: (error: unknown) => boolean = () => false): Promise<number> {
  const results = await Promise.allSettled(names.map(act));
  let failed = false;
  results.forEach((result, index) => {
    if (result.status === "fulfilled") return out(`${names[index]}\n`);
    if (tolerated(result.reason)) return;
    failed = true;
    err(`${result.reason instanceof Error ? result.reason.message : String(result.reason)}\n`);
  });
  return failed ? 1 : 0;
}

/** Prints docker's warning and asks; anything but yes ends the command with `declined`. */
export async function confirm(warning: string, declined = 0): Promise<void> {
  out(`WARNING! ${warning}\nAre you sure you want to continue? [y/N] `);
  const answer = await readAnswer();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failure("", declined);
}

/** A line of standard input. */
export async function readAnswer(): Promise<string> {
  let text = "";
  for await (const chunk of Bun.stdin.stream()) {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0] ?? "";
}
