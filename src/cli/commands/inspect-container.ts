import { readText, type Client } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { printInspected } from "../format/inspect.ts";

export const run = ({ flags, args, client }: Invocation): Promise<number> => printInspected(args, (name) => containerText(client, name, flags.bool("size")), { format: flags.string("format") });

/** The engine's own text: what inspect shows is what was sent. */
export async function containerText(client: Client, name: string, size: boolean): Promise<string> {
  return readText((await client.request("GET", `/containers/${encodeURIComponent(name)}/json`, { query: { size: size || undefined } })).body);
}
