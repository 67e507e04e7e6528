import { saveImages } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { writeArchive } from "../options/output-file.ts";
import { platformJson } from "../options/platform.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  await writeArchive(flags.string("output") ?? "", "save image", () => saveImages(client, args, platformJson(flags.string("platform"))));
  return 0;
}
