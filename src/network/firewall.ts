import { applyRuleset, deleteTable, listForwardPolicies } from "../linux/mod.ts";

export interface FirewallOptions {
  readonly table: string;
  readonly bridge: string;
  readonly subnet: string;
  /** Containers leave under the host's address. */
  readonly masquerade: boolean;
}

/**
 * One table of the engine's own: addresses of the subnet leave under the host's, and nobody outside opens a connection to a container
 * that was not published. It is replaced as a whole in one transaction, and accepts what it does not care about.
 */
export function rulesOf({ table, bridge, subnet, masquerade }: FirewallOptions): string {
  return `add table ip ${table}
delete table ip ${table}
table ip ${table} {
  comment "containers of hako on ${bridge}"
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
${masquerade ? `    ip saddr ${subnet} oifname != "${bridge}" masquerade\n` : ""}  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "${bridge}" accept
    oifname "${bridge}" ct state established,related accept
    oifname "${bridge}" ct status dnat accept
    oifname "${bridge}" drop
  }
}
`;
}

export async function setupFirewall(options: FirewallOptions): Promise<void> {
  await applyRuleset(rulesOf(options));
}

export async function teardownFirewall(table: string): Promise<void> {
  await deleteTable("ip", table);
}

/**
 * Sentences about other tables whose forward chain drops by default: a packet must pass every table, so no rule of ours can let it
 * through, and theirs are not ours to change.
 */
export async function forwardWarnings({ table, bridge }: { table: string; bridge: string }): Promise<string[]> {
  const dropping = (await listForwardPolicies()).filter((chain) => chain.policy === "drop" && !(chain.family === "ip" && chain.table === table) && !chain.admits.includes(bridge));
  return dropping.map(({ family, table: other, chain, hasDockerUser }) => {
    const place = hasDockerUser ? "DOCKER-USER" : chain;
    const rule = (match: string): string => `nft insert rule ${family} ${other} ${place} ${match} ${bridge} accept`;
    return `the firewall table "${family} ${other}" drops forwarded packets by policy (chain ${chain}), so containers on ${bridge} do not reach other machines. Let them pass with: ${rule("iifname")}; ${rule("oifname")}`;
  });
}
