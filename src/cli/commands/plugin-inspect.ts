import { inspectPlugin, readText } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { printInspected } from "../format/inspect.ts";

export const run = ({ flags, args, client }: Invocation): Promise<number> => printInspected(args, async (name) => readText((await inspectPlugin(client, name)).body), { format: flags.string("format") });
