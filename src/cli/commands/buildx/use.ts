import { checkBuilder } from "../../buildx/only-builder.ts";
import type { Invocation } from "../../command.ts";

/** The one builder is in use, and runs as long as the engine does. */
export async function run({ flags, args: [name] }: Invocation): Promise<number> {
  checkBuilder(flags, name);
  return 0;
}
