import { readText, type Client } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { printInspected } from "../format/inspect.ts";

export const run = ({ flags, args, client }: Invocation): Promise<number> => printInspected(args, (name) => networkText(client, name, flags.bool("verbose")), { format: flags.string("format") });

export async function networkText(client: Client, name: string, verbose: boolean): Promise<string> {
  return readText((await client.request("GET", `/networks/${encodeURIComponent(name)}`, { query: { verbose: verbose || undefined } })).body);
}
