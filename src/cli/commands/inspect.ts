import { ApiError, readText, type Client } from "../../client/mod.ts";
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

const path = (kind: string): Finder => async (client, name) => readText((await client.request("GET", `/${kind}/${encodeURIComponent(name)}`)).body);

/** Kinds that must be named: what they are is known to a swarm, or to an engine with plugins. */
const BY_TYPE: Readonly<Record<string, Finder>> = {
  config: path("configs"),
  node: path("nodes"),
  plugin: async (client, name) => readText((await client.request("GET", `/plugins/${encodeURIComponent(name)}/json`)).body),
  secret: path("secrets"),
  service: path("services"),
  task: path("tasks"),
};

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const type = flags.string("type");
  const finders = { ...KINDS, ...BY_TYPE };
  if (type !== undefined && !Object.hasOwn(finders, type)) {
    throw new Failure(type === "" ? 'type is empty: must be one of "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"' : `unknown type: ${JSON.stringify(type)}: must be one of "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"`);
  }
  const only = type === undefined ? undefined : finders[type];
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
