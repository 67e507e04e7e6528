import { restart } from "../../../compose/mod.ts";
import { openContext } from "../../compose/context.ts";
import { selection } from "../../compose/selection.ts";
import type { Invocation } from "../../command.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags } = invocation;
  const chosen = await selection(invocation);
  using context = openContext(invocation);
  await restart(context, chosen, { timeoutSeconds: flags.changed("timeout") ? flags.number("timeout") : undefined, noDependents: flags.bool("no-deps") });
  return 0;
}
