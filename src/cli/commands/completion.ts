import type { Invocation } from "../command.ts";
import { script, type Shell } from "../completion/scripts.ts";
import { out } from "../output.ts";

export async function run({ path }: Invocation): Promise<number> {
  out(script(path.at(-1) as Shell));
  return 0;
}
