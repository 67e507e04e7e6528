import { BUILDER_NAME } from "../../buildx/only-builder.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { err } from "../../output.ts";

export async function run({ flags, args }: Invocation): Promise<number> {
  if (flags.bool("all-inactive")) return 0;
  const names = args.length > 0 ? args : [flags.string("builder") ?? BUILDER_NAME];
  for (const name of names) err(name === BUILDER_NAME ? `failed to remove ${name}: it is the engine itself\n` : `failed to remove ${name}: no builder ${JSON.stringify(name)} found\n`);
  throw new Failure("ERROR: failed to remove one or more builders");
}
