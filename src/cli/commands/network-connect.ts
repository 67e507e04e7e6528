import { connectNetwork } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";

export async function run({ flags, args: [network = "", container = ""], client }: Invocation): Promise<number> {
  const addresses = { IPv4Address: flags.string("ip") ?? "", IPv6Address: flags.string("ip6") ?? "", LinkLocalIPs: flags.list("link-local-ip") };
  await connectNetwork(client, network, container, {
    IPAMConfig: addresses,
    Links: flags.list("link"),
    Aliases: flags.list("alias"),
    DriverOpts: Object.fromEntries(flags.list("driver-opt").map(readOption)),
    GwPriority: flags.number("gw-priority") ?? 0,
  });
  return 0;
}

function readOption(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  if (equals <= 0) throw new Failure("invalid key/value pair format in driver options");
  return [text.slice(0, equals), text.slice(equals + 1)];
}
