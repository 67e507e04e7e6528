import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { LocalLists, manifestReference } from "../manifest/local-lists.ts";

export async function run({ args, config }: Invocation): Promise<number> {
  const lists = new LocalLists(config.folder);
  const failed: string[] = [];
  for (const name of args) {
    try {
      const reference = manifestReference(name);
      lists.all(reference);
      lists.remove(reference);
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (failed.length > 0) throw new Failure(failed.join("\n"));
  return 0;
}
