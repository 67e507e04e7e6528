import { serviceContainer } from "../../compose/service-container.ts";
import type { Invocation } from "../../command.ts";
import { attachTo } from "../attach.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args, client } = invocation;
  const { id } = await serviceContainer(invocation, args[0] ?? "", { index: flags.number("index") });
  return await attachTo(client, id, flags);
}
