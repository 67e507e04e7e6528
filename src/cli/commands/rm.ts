import { ApiError, removeContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { forEachName } from "./simple.ts";

export function run({ flags, args, client }: Invocation): Promise<number> {
  const options = { force: flags.bool("force"), removeVolumes: flags.bool("volumes"), link: flags.bool("link") };
  return forEachName(args, async (name) => {
    try {
      // Linked names keep their inner slash, the outer ones mean nothing.
      await removeContainer(client, name.replace(/^\/+|\/+$/g, ""), options);
    } catch (error) {
      if (options.force && error instanceof ApiError && error.status === 404) return Promise.reject(error);
      throw error;
    }
  });
}
