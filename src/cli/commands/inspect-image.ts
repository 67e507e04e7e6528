import { readText, type Client } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { printInspected } from "../format/inspect.ts";

export const run = ({ flags, args, client }: Invocation): Promise<number> => printInspected(args, (name) => imageText(client, name), { format: flags.string("format") });

export async function imageText(client: Client, name: string): Promise<string> {
  return readText((await client.request("GET", `/images/${name.split("/").map(encodeURIComponent).join("/")}/json`)).body);
}
