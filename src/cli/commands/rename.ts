import { ApiError, renameContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";

export async function run({ args, client }: Invocation): Promise<number> {
  const [from = "", to = ""] = args.map((name) => name.trim());
  if (from === "" || to === "") throw new Failure("Error: Neither old nor new names may be empty");
  try {
    await renameContainer(client, from, to);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new Failure(`${error.message}\nError: failed to rename container named ${from}`);
  }
  return 0;
}
