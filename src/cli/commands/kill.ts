import { killContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { forEachName } from "./simple.ts";

export const run = ({ flags, args, client }: Invocation): Promise<number> => forEachName(args, (name) => killContainer(client, name, flags.string("signal")));
