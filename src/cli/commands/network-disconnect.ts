import { disconnectNetwork } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";

export async function run({ flags, args: [network = "", container = ""], client }: Invocation): Promise<number> {
  await disconnectNetwork(client, network, container, flags.bool("force"));
  return 0;
}
