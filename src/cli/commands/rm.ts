import { ApiError, removeContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { err } from "../output.ts";
import { forEachName } from "./simple.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const options = { force: flags.bool("force"), removeVolumes: flags.bool("volumes"), link: flags.bool("link") };
  const absent: string[] = [];
  const exitCode = await forEachName(
    args,
    async (name) => {
      // Linked names keep their inner slash, the outer ones mean nothing.
      await removeContainer(client, name.replace(/^\/+|\/+$/g, ""), options);
    },
    (error) => options.force && error instanceof ApiError && error.status === 404 && absent.push(error.message) > 0,
  );
  // With --force, one that is not there is what was wanted, though not unsaid.
  for (const sentence of absent) err(`${sentence}\n`);
  return exitCode;
}
