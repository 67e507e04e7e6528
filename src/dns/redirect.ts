import { applyRuleset, deleteTable, listInputChains, RESOLVER_ADDRESS } from "../linux/mod.ts";
import { DNS_PORT } from "./exchange.ts";

/** Of the Internet protocol: nft looks some names up in a file that small systems do not have. */
const [TCP, UDP] = [6, 17];

/** Beside the engine's other tables: it stays when the operator wants no firewall. */
const tableOf = (engineTable: string): string => `${engineTable}-dns`;

/**
 * What a container sends to 127.0.0.11 comes to its network's bridge, whose own address the resolver listens on: one rule for all
 * networks, and nothing to change when networks or containers come and go. While no engine listens the kernel would tell containers that nobody
 * ever will; they are told nothing, and ask again.
 */
export function redirectRules(engineTable: string): string {
  const table = tableOf(engineTable);
  return `add table ip ${table}
delete table ip ${table}
table ip ${table} {
  map other-ports {
    type ifname : inet_service;
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr ${RESOLVER_ADDRESS} iifname != "lo" meta l4proto { ${TCP}, ${UDP} } th dport ${DNS_PORT} redirect to :iifname map @other-ports
    ip daddr ${RESOLVER_ADDRESS} iifname != "lo" meta l4proto { ${TCP}, ${UDP} } th dport ${DNS_PORT} redirect
  }
  chain output {
    type filter hook output priority filter; policy accept;
    icmp type destination-unreachable ct state related ct original ip daddr ${RESOLVER_ADDRESS} drop
    tcp flags & (rst | ack) == (rst | ack) ct direction reply ct original ip daddr ${RESOLVER_ADDRESS} ct status & assured == 0 drop
  }
}
`;
}

export const setupRedirect = (engineTable: string): Promise<void> => applyRuleset(redirectRules(engineTable));

/** A network whose gateway has another program on the usual port. */
export const redirectTo = (engineTable: string, bridge: string, port: number): Promise<void> => applyRuleset(`add element ip ${tableOf(engineTable)} other-ports { "${bridge}" : ${port} }\n`);

/** A network that has gone. @throws EngineError when somebody took the table away */
export const forgetRedirect = (engineTable: string, bridge: string): Promise<void> => applyRuleset(`delete element ip ${tableOf(engineTable)} other-ports { "${bridge}" }\n`);

/**
 * Sentences about tables of others that keep questions from the resolver: a packet must pass every table, so no rule of ours can let it
 * through, and theirs are not ours to change.
 */
export async function inputWarnings(bridge: string): Promise<string[]> {
  const chains = (await listInputChains()).filter(({ rules }) => !rules.includes(RESOLVER_ADDRESS));
  const effect = `so that containers on networks like ${bridge} find no names`;
  return chains.flatMap(({ family, table, chain, drops, tool }) => {
    if (tool === "firewalld") return [`firewalld may keep packets of containers from this host, ${effect}. Trust the bridge with: firewall-cmd --permanent --zone=trusted --add-interface=${bridge}; firewall-cmd --reload`];
    if (!drops) return [];
    if (tool === "ufw") return [`ufw drops packets to this host by policy (chain ${chain}), ${effect}. Let their questions pass with: ufw allow in on ${bridge} to any port 53`];
    return [`the firewall table "${family} ${table}" drops packets to this host by policy (chain ${chain}), ${effect}. Let their questions pass with: nft insert rule ${family} ${table} ${chain} ct original ip daddr ${RESOLVER_ADDRESS} accept`];
  });
}

/** Done when there is none. */
export const removeRedirect = (engineTable: string): Promise<void> => deleteTable("ip", tableOf(engineTable));
