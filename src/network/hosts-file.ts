export interface HostsFileOptions {
  readonly hostname: string;
  readonly domainname?: string;
  /** Addresses of the container; none without a network of its own. */
  readonly ips: readonly string[];
  /** `name:address` or `name=address`, host-gateway already replaced. */
  readonly extraHosts: readonly string[];
  /** Text to begin with instead of the usual lines: the host's own file, when its network is shared. */
  readonly base?: string;
}

const USUAL_LINES = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/** /etc/hosts of a container as Docker Engine 28 writes it. */
export function hostsFile({ hostname, domainname = "", ips, extraHosts, base = USUAL_LINES }: HostsFileOptions): string {
  const extra = extraHosts.map(extraLine).join("");
  return `${base}${extra}${ips.map((ip) => hostsLine(ip, hostname, domainname)).join("")}`;
}

/** The container itself, by one of its addresses. */
export function hostsLine(ip: string, hostname: string, domainname: string): string {
  return `${ip}\t${ownNames(hostname, domainname)}\n`;
}

/** IPv6 addresses hold colons: only the first separator counts. Brackets are dropped. */
function extraLine(entry: string): string {
  const match = /^([^:=]*)[:=](.*)$/s.exec(entry);
  return match ? `${(match[2] ?? "").replace(/^\[(.*)\]$/, "$1")}\t${match[1]}\n` : "";
}

/** The full name first, then the part before the first dot. */
function ownNames(hostname: string, domainname: string): string {
  const full = domainname === "" ? hostname : `${hostname}.${domainname}`;
  const short = full.split(".")[0] ?? full;
  return short === full ? full : `${full} ${short}`;
}
