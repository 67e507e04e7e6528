import { ApiError, type Client } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { printInspected } from "../format/inspect.ts";
import { containerText } from "./inspect-container.ts";
import { imageText } from "./inspect-image.ts";
import { networkText } from "./network-inspect.ts";
import { volumeText } from "./volume-inspect.ts";

type Finder = (client: Client, name: string, size: boolean) => Promise<string>;

/** In the order in which a bare name is tried. */
const KINDS: Readonly<Record<string, Finder>> = {
  container: containerText,
  image: (client, name) => imageText(client, name),
  network: (client, name) => networkText(client, name, false),
  volume: volumeText,
};

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const type = flags.string("type");
  if (type !== undefined && !Object.hasOwn(KINDS, type)) {
    throw new Failure(type === "" ? 'type is empty: must be one of "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"' : `unknown type: ${JSON.stringify(type)}: must be one of "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"`);
  }
  const only = type === undefined ? undefined : KINDS[type];
  const find = only ? (name: string) => only(client, name, flags.bool("size")) : (name: string) => findAny(client, name, flags.bool("size"));
  return printInspected(args, find, { format: flags.string("format"), ...(!only && { prefix: "" }) });
}

async function findAny(client: Client, name: string, size: boolean): Promise<string> {
  for (const find of Object.values(KINDS)) {
    try {
      return await find(client, name, size);
    } catch (error) {
      // An id of another kind can be a bad name for this one.
      if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 400)) throw error;
    }
  }
  throw new Error(`Error: No such object: ${name}`);
}
