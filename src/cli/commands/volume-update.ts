import { inspectVolume } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";

/** No engine of ours is in a cluster: every volume is of the kind that Docker refuses to update. */
export async function run({ args: [name = ""], client }: Invocation): Promise<number> {
  await inspectVolume(client, name);
  throw new Failure("can only update cluster volumes");
}
