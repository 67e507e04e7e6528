import { Failure } from "../failure.ts";
import type { Flags } from "../flags.ts";

/** What the engine's builder is called, as docker calls that of its own. */
export const BUILDER_NAME = "default";

/** There is one builder. @throws Failure for another's name, in docker's words */
export function checkBuilder(flags: Flags, named?: string): void {
  const name = named ?? flags.string("builder");
  if (name && name !== BUILDER_NAME) throw new Failure(`ERROR: no builder ${JSON.stringify(name)} found`);
}
