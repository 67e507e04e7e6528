import { RESOLVER_ADDRESS, addressKey, joinKeys, type ElementChange, type ElementKey, type PortProtocol } from "../linux/mod.ts";
import { passIPv6 } from "./firewall.ts";
import { familyOfHost, isIPv6, isTranslated, type Publication } from "./publish-types.ts";

const PROTOCOL_NUMBERS: Readonly<Record<PortProtocol, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** Maps from what a packet is addressed to, to a container's address and port: one for each kind of address, and for any address. */
const MAPS = [
  ["publish4", "ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service"],
  ["publish4any", "inet_proto . inet_service : ipv4_addr . inet_service"],
  ["publish6", "ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service"],
  ["publish6any", "inet_proto . inet_service : ipv6_addr . inet_service"],
] as const;
/**
 * The part of the engine's table that leads published ports to containers. Its rules are the same for none and for a thousand ports.
 *
 * publish_in: what comes from other hosts and from containers. What is addressed to 127.0.0.0/8 and comes from outside is never
 * led anywhere. publish_local: what programs of this host send. publish_back: nobody can answer a loopback address, and a container
 * not its neighbour on the bridge that it knows by another address, so these get the bridge's; all others keep theirs.
 * publish_guard: bridges that take loopback addresses, which the first needs, take none from a container but the one that its
 * questions for names bear, and which the resolver's own rules turn into the gateway's. Every packet of the host comes by: an address is
 * compared sooner than an interface is looked up.
 *
 * The sets `bridges`, `subnets` and `subnets6` are those of the networks.
 */
export function publishRules({ table, ipv6 }: { readonly table: string; readonly ipv6: boolean }, publications: readonly Publication[]): string {
  const elements = publications.flatMap(publishElements);
  const maps = MAPS.map(([name, type]) => {
    const held = elements.filter(({ set }) => set === name).map(({ key, value }) => `${numbered(key)} : ${value?.text}`);
    return `  map ${name} { type ${type};${held.length > 0 ? ` elements = { ${held.join(", ")} }` : ""} }\n`;
  });
  const direct = ["reachable", "reachable6"].flatMap((name) => {
    const held = new Set(elements.filter(({ set }) => set === name).map(({ key }) => numbered(key)));
    return held.size > 0 ? [`add element inet ${table} ${name} { ${[...held].join(", ")} }\n`] : [];
  });
  return `table inet ${table} {
${maps.join("")}  chain publish {
    dnat ip to ip daddr . meta l4proto . th dport map @publish4
    dnat ip to meta l4proto . th dport map @publish4any
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @publish6
    dnat ip6 to meta l4proto . th dport map @publish6any
  }
  chain publish_in {
    type nat hook prerouting priority dstnat; policy accept;
${passIPv6(ipv6)}    ip daddr 127.0.0.0/8 iifname != "lo" return
    fib daddr type local jump publish
  }
  chain publish_local {
    type nat hook output priority -100; policy accept;
${passIPv6(ipv6)}    ip6 daddr ::1 return
    fib daddr type local jump publish
  }
  chain publish_back {
    type nat hook postrouting priority srcnat; policy accept;
${passIPv6(ipv6)}    ct status dnat ip saddr 127.0.0.0/8 oifname @bridges masquerade
    ct status dnat oifname . ip saddr @subnets masquerade
    ct status dnat oifname . ip6 saddr @subnets6 masquerade
  }
  chain publish_guard {
    type filter hook prerouting priority raw; policy accept;
    ip daddr 127.0.0.0/8 iifname @bridges jump publish_loopback
    ip saddr 127.0.0.0/8 iifname @bridges drop
  }
  chain publish_loopback {
    ip daddr ${RESOLVER_ADDRESS} meta l4proto { ${PROTOCOL_NUMBERS.tcp}, ${PROTOCOL_NUMBERS.udp} } th dport 53 accept
    drop
  }
}
${direct.join("")}`;
}

/** An element for each port that the kernel leads, and for each that is reached at the container's own address. */
export function publishElements(publication: Publication): ElementChange[] {
  return [...translatedElements(publication), ...directElements(publication)];
}

function directElements({ target, ports }: Publication): ElementChange[] {
  const { direct = [] } = target;
  const keys = new Map(
    ports.filter((port) => direct.includes(familyOfHost(port))).flatMap((port) => {
      const six = isIPv6(port.hostIp);
      const address = six ? target.ip6 : target.ip;
      if (address === "") return [];
      const key = joinKeys(addressKey(address), protocolKey(port.protocol), portKey(port.containerPort));
      return [[key.text, { family: "inet", set: six ? "reachable6" : "reachable", key } satisfies ElementChange]];
    }),
  );
  return [...keys.values()];
}

function translatedElements({ target, ports }: Publication): ElementChange[] {
  return ports
    .filter((port) => isTranslated(port, target))
    .map(({ protocol, hostIp, hostPort, containerPort }) => {
      const six = isIPv6(hostIp);
      const any = hostIp === "0.0.0.0" || hostIp === "::";
      const key = joinKeys(...(any ? [] : [addressKey(hostIp)]), protocolKey(protocol), portKey(hostPort));
      return { family: "inet", set: `publish${six ? 6 : 4}${any ? "any" : ""}`, key, value: joinKeys(addressKey(six ? target.ip6 : target.ip), portKey(containerPort)) };
    });
}

/** As nft reads it on a host that has no file of protocols' names. */
const numbered = ({ text }: ElementKey): string => text.replace(/\b(?:tcp|udp|sctp)\b/, (name) => String(PROTOCOL_NUMBERS[name as PortProtocol]));

function protocolKey(protocol: PortProtocol): ElementKey {
  return { text: protocol, bytes: Uint8Array.of(PROTOCOL_NUMBERS[protocol]) };
}

function portKey(port: number): ElementKey {
  return { text: String(port), bytes: Uint8Array.of(port >> 8, port & 0xff) };
}
