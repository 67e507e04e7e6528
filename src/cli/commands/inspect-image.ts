import { readText, type Client } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { printInspected } from "../format/inspect.ts";
import { platformJson } from "../options/platform.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const platform = platformJson(flags.string("platform"));
  return printInspected(args, (name) => imageText(client, name, platform), { format: flags.string("format") });
}

export async function imageText(client: Client, name: string, platform?: string): Promise<string> {
  return readText((await client.request("GET", `/images/${name.split("/").map(encodeURIComponent).join("/")}/json`, { query: { platform } })).body);
}
