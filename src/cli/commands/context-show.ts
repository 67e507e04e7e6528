import type { Invocation } from "../command.ts";
import { out } from "../output.ts";

export async function run({ context }: Invocation): Promise<number> {
  out(`${context}\n`);
  return 0;
}
