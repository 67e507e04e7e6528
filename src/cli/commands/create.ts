import type { ContainerCreateRequest } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure, UsageError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { createRequest } from "../options/request.ts";
import { out } from "../output.ts";
import { checkImageName, createFromFlags } from "./create-container.ts";
import { frameFailure } from "./exit-code.ts";

export async function run({ flags, args, client, path, config }: Invocation): Promise<number> {
  const request = readRequest(flags, args, path);
  try {
    await checkImageName(request.Image ?? "");
    out(`${await createFromFlags({ client, flags, config }, request)}\n`);
    return 0;
  } catch (error) {
    throw error instanceof Error ? new Failure(error.message) : error;
  }
}

/** What is wrong with the flags ends with 125; what the engine says, with 1. */
function readRequest(flags: Flags, [image = "", ...command]: readonly string[], path: readonly string[]): ContainerCreateRequest {
  try {
    return createRequest(flags, image, command);
  } catch (error) {
    if (error instanceof UsageError || error instanceof Failure) throw error;
    throw frameFailure(error, path);
  }
}
