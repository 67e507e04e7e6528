import { listBuilds, removeBuild } from "../../../client/mod.ts";
import { checkBuilder } from "../../buildx/only-builder.ts";
import { findRecord } from "../../buildx/records.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { err } from "../../output.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  checkBuilder(flags);
  if (flags.bool("all")) {
    if (args.length > 0) throw new Failure("ERROR: rm requires either --all or at least one argument");
    for (const { ref, status } of await listBuilds(client)) if (status !== "Running") await removeBuild(client, ref);
    return 0;
  }
  if (args.length === 0) throw new Failure("ERROR: rm requires at least one argument");
  let failed = false;
  for (const ref of args) {
    try {
      await removeBuild(client, (await findRecord(client, ref)).ref);
    } catch (error) {
      failed = true;
      err(`${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  return failed ? 1 : 0;
}
