import { containerReach } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { drawReach } from "../explain/draw-reach.ts";
import { languageFlag } from "../explain/language-flag.ts";
import { reachWordsOf } from "../explain/reach-words.ts";
import { printInspected } from "../format/inspect.ts";
import { out } from "../output.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const [name = "", port] = args;
  const format = flags.string("format");
  if (format) return await printInspected([name], async (ref) => JSON.stringify(await containerReach(client, ref, port)), { format });
  const words = reachWordsOf(languageFlag(flags));
  out(drawReach(await containerReach(client, name, port), words));
  return 0;
}
