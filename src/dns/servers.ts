import { isIPv4, isIPv6 } from "node:net";

const MAX_SERVERS = 3;

/** The name servers of a resolv.conf, at most three as in resolv.conf(5). */
export function resolverServers(text: string): string[] {
  const found = text.split("\n").flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  return found.filter((address) => isIPv4(address) || isIPv6(address.replace(/%.*$/, ""))).slice(0, MAX_SERVERS);
}
