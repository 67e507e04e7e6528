import { listForwardChains, type ForwardChain } from "../linux/mod.ts";

/** Other tables whose forward chain drops what it does not know: a packet must pass every table, so no rule of ours can let it through, and theirs are not ours to change. */
export async function droppingChains(table: string): Promise<readonly ForwardChain[]> {
  return (await listForwardChains()).filter((chain) => chain.drops && chain.table !== table);
}

/** Sentences about the chains that do not let this bridge's packets pass. */
export function forwardWarnings(chains: readonly ForwardChain[], bridge: string): string[] {
  return chains.filter(({ admits }) => !admits.includes(bridge)).map((chain) => {
    const { family, table, chain: name, tool } = chain;
    const owner = tool === "firewalld" ? "firewalld" : tool === "ufw" ? "ufw" : `the firewall table "${family} ${table}"`;
    return `${owner} drops forwarded packets by ${tool === "firewalld" ? "its zones" : "policy"} (chain ${name}), so containers on ${bridge} do not reach other machines. Let them pass with: ${remedy(chain, bridge)}`;
  });
}

function remedy({ family, table, chain, tool }: ForwardChain, bridge: string): string {
  if (tool === "firewalld") return `firewall-cmd --permanent --zone=trusted --add-interface=${bridge}; firewall-cmd --reload`;
  if (tool === "ufw") return `ufw route allow in on ${bridge}; ufw route allow out on ${bridge}`;
  const rule = (match: string): string => `nft insert rule ${family} ${table} ${tool === "docker" ? "DOCKER-USER" : chain} ${match} ${bridge} accept`;
  return `${rule("iifname")}; ${rule("oifname")}`;
}
