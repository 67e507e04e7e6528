import { readText, type Client } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { printInspected } from "../format/inspect.ts";

export const run = ({ flags, args, client }: Invocation): Promise<number> => printInspected(args, (name) => volumeText(client, name), { format: flags.string("format") });

export async function volumeText(client: Client, name: string): Promise<string> {
  return readText((await client.request("GET", `/volumes/${encodeURIComponent(name)}`)).body);
}
