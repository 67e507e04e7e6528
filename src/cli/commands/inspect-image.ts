import { readText, type Client } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { printInspected } from "../format/inspect.ts";
import { platformJson } from "../options/platform.ts";

export const run = ({ flags, args, client }: Invocation): Promise<number> => printInspected(args, (name) => imageText(client, name, platformJson(flags.string("platform"))), { format: flags.string("format") });

export async function imageText(client: Client, name: string, platform?: string): Promise<string> {
  return readText((await client.request("GET", `/images/${name.split("/").map(encodeURIComponent).join("/")}/json`, { query: { platform } })).body);
}
