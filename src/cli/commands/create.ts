import type { Invocation } from "../command.ts";
import { Failure, UsageError } from "../failure.ts";
import { createRequest } from "../options/request.ts";
import { out } from "../output.ts";
import { checkImageName, createFromFlags } from "./create-container.ts";

export async function run({ flags, args, client, path }: Invocation): Promise<number> {
  const [image = "", ...command] = args;
  try {
    const request = createRequest(flags, image, command);
    await checkImageName(image);
    const id = await createFromFlags(client, flags, request);
    out(`${id}\n`);
    return 0;
  } catch (error) {
    if (error instanceof UsageError || error instanceof Failure) throw error;
    throw new Failure(frame(error, path), 1);
  }
}

const frame = (error: unknown, path: readonly string[]): string => `${error instanceof Error ? error.message : String(error)}${path.length === 0 ? "" : ""}`;
