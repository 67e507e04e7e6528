import { loadImage, readJsonLines } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { platformJson } from "../options/platform.ts";
import { openInput, stdinIsTerminal } from "../options/input.ts";
import { out } from "../output.ts";
import { showProgress } from "../progress.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  const path = flags.string("input");
  if (path === undefined && stdinIsTerminal()) throw new Failure("requested load from stdin, but stdin is empty");
  const answer = await loadImage(client, openInput(path), true, platformJson(flags.string("platform")));
  if (!answer.headers.get("content-type")?.startsWith("application/json")) {
    for await (const piece of answer.body) out(piece);
    return 0;
  }
  await showProgress(readJsonLines(answer.body), out);
  return 0;
}
