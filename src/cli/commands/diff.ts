import { containerChanges } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { out, printable } from "../output.ts";

const LETTERS = ["C", "A", "D"] as const;

export async function run({ args, client }: Invocation): Promise<number> {
  const [container = ""] = args;
  if (container === "") throw new Failure("Container name cannot be empty");
  const changes = (await containerChanges(client, container)) ?? [];
  out(changes.map(({ Path, Kind }) => `${LETTERS[Kind] ?? "?"} ${printable(Path)}\n`).join(""));
  return 0;
}
