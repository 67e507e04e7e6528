import { exportContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { writeArchive } from "../options/output-file.ts";

export async function run({ flags, args: [container = ""], client }: Invocation): Promise<number> {
  await writeArchive(flags.string("output") ?? "", "export container", () => exportContainer(client, container));
  return 0;
}
