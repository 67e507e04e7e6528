import { ApiError, removeImage } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { platformJson } from "../options/platform.ts";
import { err, out } from "../output.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const force = flags.bool("force");
  const platforms = flags.list("platform").flatMap((text) => platformJson(text) ?? []);
  let failed = false;
  for (const name of args) {
    try {
      const removed = await removeImage(client, name, { force, noPrune: flags.bool("no-prune"), platforms });
      for (const { Untagged, Deleted } of removed) out(Deleted ? `Deleted: ${Deleted}\n` : `Untagged: ${Untagged ?? ""}\n`);
    } catch (error) {
      // With --force, an image that is already gone is what was wanted.
      if (!(force && error instanceof ApiError && error.status === 404)) failed = true;
      err(`${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  return failed ? 1 : 0;
}
