import { kill } from "../../../compose/mod.ts";
import { openContext } from "../../compose/context.ts";
import { selection } from "../../compose/selection.ts";
import type { Invocation } from "../../command.ts";

export async function run(invocation: Invocation): Promise<number> {
  const chosen = await selection(invocation);
  using context = openContext(invocation);
  await kill(context, chosen, { signal: invocation.flags.string("signal") || "SIGKILL", removeOrphans: invocation.flags.bool("remove-orphans") });
  return 0;
}
