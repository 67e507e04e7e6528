import { createNetwork, type NewNetwork } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import type { Flags } from "../flags.ts";
import { splitPair } from "../options/key-value.ts";
import { readPools } from "../options/network-pools.ts";
import { err, out } from "../output.ts";

export async function run({ flags, args: [name = ""], client }: Invocation): Promise<number> {
  const { Id = "", Warning } = await createNetwork(client, { Name: name, ...settings(flags) });
  if (Warning) err(`WARNING: ${Warning}\n`);
  out(`${Id}\n`);
  return 0;
}

function settings(flags: Flags): Omit<NewNetwork, "Name"> {
  const from = flags.string("config-from");
  return {
    Driver: flags.string("driver") ?? "bridge",
    Scope: flags.string("scope") ?? "",
    Internal: flags.bool("internal"),
    Attachable: flags.bool("attachable"),
    Ingress: flags.bool("ingress"),
    ConfigOnly: flags.bool("config-only"),
    ...(from && { ConfigFrom: { Network: from } }),
    ...(flags.changed("ipv4") && { EnableIPv4: flags.bool("ipv4") }),
    ...(flags.changed("ipv6") && { EnableIPv6: flags.bool("ipv6") }),
    IPAM: {
      Driver: flags.string("ipam-driver") ?? "default",
      Options: pairs(flags.list("ipam-opt")),
      Config: readPools({ subnets: flags.list("subnet"), ranges: flags.list("ip-range"), gateways: flags.list("gateway"), auxiliary: pairs(flags.list("aux-address")) }),
    },
    Options: pairs(flags.list("opt")),
    Labels: pairs(flags.list("label")),
  };
}

const pairs = (values: readonly string[]): Record<string, string> => Object.fromEntries(values.map(splitPair));
