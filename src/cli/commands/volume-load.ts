import { loadVolume } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { openInput, stdinIsTerminal } from "../options/input.ts";

export async function run({ flags, args: [name = ""], client }: Invocation): Promise<number> {
  const path = flags.string("input");
  if (path === undefined && stdinIsTerminal()) throw new Failure("requested load from stdin, but stdin is empty");
  for await (const _ of (await loadVolume(client, name, openInput(path))).body);
  return 0;
}
