import { unpauseContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { forEachName } from "./simple.ts";

export const run = ({ args, client }: Invocation): Promise<number> => forEachName(args, (name) => unpauseContainer(client, name));
