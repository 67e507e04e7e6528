import { removeVolume } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { forEachName } from "./simple.ts";

export const run = ({ flags, args, client }: Invocation): Promise<number> => forEachName(args, (name) => removeVolume(client, name, flags.bool("force")));
