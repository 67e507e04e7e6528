import { saveVolume } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { writeArchive } from "../options/output-file.ts";

export async function run({ flags, args: [name = ""], client }: Invocation): Promise<number> {
  await writeArchive(flags.string("output") ?? "", "save volume", () => saveVolume(client, name));
  return 0;
}
