import { disablePlugin, enablePlugin, removePlugin, setPlugin } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { forEachName } from "./simple.ts";

export async function run({ path, flags, args, client }: Invocation): Promise<number> {
  const [name = "", ...rest] = args;
  switch (path[1]) {
    case "enable":
      return await forEachName([name], () => enablePlugin(client, name, flags.string("timeout") ?? "30"));
    case "disable":
      return await forEachName([name], () => disablePlugin(client, name, flags.bool("force")));
    case "set":
      await setPlugin(client, name, rest);
      return 0;
    default:
      return await forEachName(args, (each) => removePlugin(client, each, flags.bool("force")));
  }
}
