import { renameVolume } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";

export async function run({ args: [name = "", newName = ""], client }: Invocation): Promise<number> {
  await renameVolume(client, name, newName);
  return 0;
}
