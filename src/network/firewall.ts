import { messageOf } from "../base/mod.ts";
import { addressKey, applyRuleset, deleteTable, groupKey, indexKey, interfaceKey, joinKeys, macKey, NftElements, numberKey, protocolFamilyKey, RESOLVER_ADDRESS, subnetKey, takesRuleset, type ElementChange, type ElementKey } from "../linux/mod.ts";
import { readOption } from "./driver-options.ts";
import { gatewayMode, trustedInterfaces, type GatewayMode } from "./gateway-mode.ts";
import { linkGroup } from "./endpoint.ts";
import type { Endpoint, NetworkRecord } from "./types.ts";

/**
 * Sets of the engine's tables, by name. A network or an endpoint is a few elements of them and never a rule, so that a packet's
 * way is as long with a thousand networks as with one.
 */
const SETS: Readonly<Record<"inet" | "bridge", Readonly<Record<string, string>>>> = {
  inet: {
    bridges: "type ifname",
    // Bridge and bridge: containers of one network may talk by way of the host.
    within: "type ifname . ifname",
    internal: "type ifname",
    // Whose packets to the host are looked at: internal and isolated ones. All others pass by one look.
    guarded: "type ifname",
    // The host is there for questions for names alone.
    isolated: "type nf_proto . ifname",
    // Whoever has a route there may open connections to unpublished ports.
    open: "type nf_proto . ifname",
    // Whoever has a route there reaches what is published, at the container's own address. `trusted`: from that interface.
    routed: "type nf_proto . ifname",
    trusted: "type ifname . ifname",
    reachable: "type ipv4_addr . inet_proto . inet_service",
    reachable6: "type ipv6_addr . inet_proto . inet_service",
    subnets: "type ifname . ipv4_addr; flags interval",
    subnets6: "type ifname . ipv6_addr; flags interval",
    translated: "type ipv4_addr; flags interval",
    translated6: "type ipv6_addr; flags interval",
  },
  bridge: {
    // Port, MAC and IP address that belong together: most packets are known by one look.
    pass: "type iface_index . ether_addr . ipv4_addr",
    pass6: "type iface_index . ether_addr . ipv6_addr",
    // The host ends of a network's links are a group.
    apart: "type devgroup",
    // Group and address: somebody's. Port and address: its own.
    addresses: "type devgroup . ipv4_addr",
    addresses6: "type devgroup . ipv6_addr",
    macs: "type devgroup . ether_addr",
    own_macs: "type ifname . ether_addr",
    own: "type ifname . ipv4_addr",
    own6: "type ifname . ipv6_addr",
    // The same of what a neighbour advertisement is about: nft has no name for that field.
    targets6: "typeof meta iifgroup . @th,64,128",
    own_targets6: "typeof iifname . @th,64,128",
    groups: "type devgroup",
  },
};

/** Numbers: nft looks some names up in a file that small systems do not have. */
const [ICMP, ICMPV6] = [1, 58];

/** @param ipv6 false: packets of IPv6 are the operator's business */
const chainsOf = (ipv6: boolean): Readonly<Record<"inet" | "bridge", string>> => ({
  inet: `  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
${passIPv6(ipv6)}    ip saddr @translated oifname . ip saddr != @subnets masquerade
    ip6 saddr @translated6 oifname . ip6 saddr != @subnets6 masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
${passIPv6(ipv6)}    ct state established,related accept
    oifname != @bridges goto outward
    iifname . oifname @within accept
    iifname @internal drop
    oifname @internal drop
    ct status dnat accept
    iifname != @bridges meta nfproto . oifname @open accept
    meta nfproto . oifname @routed meta l4proto { ${ICMP}, ${ICMPV6} } accept
    meta nfproto . oifname @routed jump published
    iifname . oifname @trusted jump published
    oifname @bridges drop
  }
  chain outward {
    iifname @internal drop
  }
  chain published {
    ip daddr . meta l4proto . th dport @reachable accept
    ip6 daddr . meta l4proto . th dport @reachable6 accept
  }
  chain input {
    type filter hook input priority filter; policy accept;
${passIPv6(ipv6)}    iifname @guarded jump guarded
  }
  chain guarded {
    meta nfproto . iifname @isolated ct original ip daddr ${RESOLVER_ADDRESS} accept
    meta nfproto . iifname @isolated drop
    iifname @internal meta nfproto ipv4 iifname . ip daddr != @subnets drop
    iifname @internal meta nfproto ipv6 ip6 daddr != { fe80::/10, ff02::/16 } iifname . ip6 daddr != @subnets6 drop
  }
`,
  bridge: `  chain prerouting {
    type filter hook prerouting priority -300; policy accept;
    meta iif . ether saddr . ip saddr @pass accept
    icmpv6 type { nd-neighbor-advert, nd-router-advert, nd-redirect } jump neighbours
    meta iif . ether saddr . ip6 saddr @pass6 accept
    meta iifgroup . ether saddr @macs iifname . ether saddr != @own_macs drop
    meta iifgroup . ip saddr @addresses iifname . ip saddr != @own drop
    meta iifgroup . arp saddr ip @addresses iifname . arp saddr ip != @own drop
    meta iifgroup . ip6 saddr @addresses6 iifname . ip6 saddr != @own6 drop
  }
  chain neighbours {
    icmpv6 type nd-neighbor-advert meta iifgroup . @th,64,128 @targets6 iifname . @th,64,128 != @own_targets6 drop
    icmpv6 type { nd-router-advert, nd-redirect } meta iifgroup @groups drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    meta iifgroup @apart meta oifgroup @apart drop
  }
`,
});

/** Of a chain that leaves IPv6 alone. */
export const passIPv6 = (filtered: boolean): string => (filtered ? "" : "    meta nfproto ipv6 accept\n");

const FAMILIES = ["inet", "bridge"] as const;
type Family = (typeof FAMILIES)[number];

const BRIDGE_PROBE = `table bridge hako-probe {
  chain prerouting {
    type filter hook prerouting priority -300; policy accept;
    meta iifgroup 1 accept
  }
}
`;
const NO_BRIDGE_TABLE = "this kernel has no firewall for bridges (CONFIG_NF_TABLES_BRIDGE, CONFIG_NFT_BRIDGE_META), so containers can take each other's addresses, and those of a network whose containers are kept apart reach each other. Load it with: modprobe nft_meta_bridge, and start the engine again";

export interface FirewallOptions {
  readonly table: string;
  readonly enabled: boolean;
  /** False: packets of IPv6 pass as they are. */
  readonly ipv6: boolean;
  /** Of what no caller can be told. */
  readonly log: (sentence: string) => void;
}

const CLEANS_AFTER_MS = 10;
/** Some elements each: as many as one transaction takes without holding up anybody. */
const MOST_GONE = 25;

export interface FirewallState {
  readonly networks: readonly NetworkRecord[];
  readonly endpoints: readonly Endpoint[];
}

/** The tables with all that they hold, as one transaction. */
function rulesOf({ table, ipv6 }: FirewallOptions, { networks, endpoints }: FirewallState, families: readonly Family[]): string {
  const chains = chainsOf(ipv6);
  const elements = [...networks.flatMap(networkElements), ...endpoints.flatMap(endpointElements)];
  return families.map((family) => {
    const sets = Object.entries(SETS[family]).map(([name, type]) => {
      const held = elements.filter((element) => element.family === family && element.set === name).map(({ key }) => key.text);
      return `  set ${name} { ${type};${held.length > 0 ? ` elements = { ${[...new Set(held)].join(", ")} }` : ""} }\n`;
    });
    return `add table ${family} ${table}\ndelete table ${family} ${table}\ntable ${family} ${table} {\n  comment "containers of hako"\n${sets.join("")}${chains[family]}}\n`;
  }).join("");
}

const SET_OF_MODE: Readonly<Record<GatewayMode, string | undefined>> = { nat: undefined, "nat-unprotected": "open", routed: "routed", isolated: "isolated" };

const inet = (set: string, key: ElementChange["key"]): ElementChange => ({ family: "inet", set, key });
const bridged = (set: string, key: ElementChange["key"]): ElementChange => ({ family: "bridge", set, key });

/** What a network is to the firewall. */
export function networkElements(network: NetworkRecord): ElementChange[] {
  const { driver, interfaceName, internal, options, pools } = network;
  if (driver !== "bridge") return [];
  const bridge = interfaceKey(interfaceName);
  const group = linkGroup(network.id);
  const talking = readOption(options, "com.docker.network.bridge.enable_icc");
  const hidden = readOption(options, "com.docker.network.bridge.enable_ip_masquerade") && !internal;
  return [
    inet("bridges", bridge),
    ...(internal ? [inet("internal", bridge)] : []),
    ...(internal || ([4, 6] as const).some((family) => gatewayMode(network, family) === "isolated") ? [inet("guarded", bridge)] : []),
    bridged("groups", groupKey(group)),
    ...(talking ? [inet("within", joinKeys(bridge, bridge))] : [bridged("apart", groupKey(group))]),
    ...trustedInterfaces(network).map((name) => inet("trusted", joinKeys(interfaceKey(name), bridge))),
    ...([4, 6] as const).flatMap((family) => {
      const set = SET_OF_MODE[gatewayMode(network, family)];
      return set === undefined ? [] : [inet(set, joinKeys(protocolFamilyKey(family), bridge))];
    }),
    ...pools.flatMap(({ subnet, gateway, defaultGateway = "" }) => {
      const six = subnet.includes(":") ? "6" : "";
      const routed = gatewayMode(network, six === "" ? 4 : 6) === "routed";
      const range = subnetKey(subnet);
      return [
        inet(`subnets${six}`, joinKeys(bridge, range)),
        ...[gateway, defaultGateway].filter((address) => address !== "").flatMap((address) => heldByGroup(groupKey(group), address)),
        ...(hidden && !routed ? [inet(`translated${six}`, range)] : []),
      ];
    }),
  ];
}

/** What a container's end of a bridge may say it is. */
export function endpointElements({ bridge, networkId, hostInterface, hostIndex, mac, ip, ip6, linkLocal }: Endpoint): ElementChange[] {
  if (bridge === "") return [];
  const port = interfaceKey(hostInterface);
  const group = groupKey(linkGroup(networkId));
  return [
    ...[ip, ip6].filter((address) => address !== "").map((address) => bridged(address.includes(":") ? "pass6" : "pass", joinKeys(indexKey(hostIndex), macKey(mac), addressKey(address)))),
    bridged("macs", joinKeys(group, macKey(mac))),
    bridged("own_macs", joinKeys(port, macKey(mac))),
    ...[ip, ip6, ...linkLocal, ...(ip6 === "" ? [] : [linkLocalOf(mac)])].filter((address) => address !== "").flatMap((address) => [...heldByGroup(group, address), ...heldByPort(port, address)]),
  ];
}

function heldByGroup(group: ElementKey, address: string): ElementChange[] {
  if (!address.includes(":")) return [bridged("addresses", joinKeys(group, addressKey(address)))];
  return [bridged("addresses6", joinKeys(group, addressKey(address))), bridged("targets6", joinKeys(group, numberKey(address)))];
}

function heldByPort(port: ElementKey, address: string): ElementChange[] {
  if (!address.includes(":")) return [bridged("own", joinKeys(port, addressKey(address)))];
  return [bridged("own6", joinKeys(port, addressKey(address))), bridged("own_targets6", joinKeys(port, numberKey(address)))];
}

/** The address that an interface gives itself (RFC 4291). */
function linkLocalOf(mac: string): string {
  const bytes = Buffer.from(mac.replaceAll(":", ""), "hex");
  const half = Buffer.from([(bytes[0] ?? 0) ^ 2, ...bytes.subarray(1, 3), 0xff, 0xfe, ...bytes.subarray(3)]).toString("hex");
  return `fe80::${half.slice(0, 4)}:${half.slice(4, 8)}:${half.slice(8, 12)}:${half.slice(12)}`;
}

/** The engine's tables. Without a firewall, which is the operator's choice, nothing is done. */
export class Firewall implements Disposable {
  readonly #options: FirewallOptions;
  readonly #elements: NftElements | undefined;
  /** Whose elements are still there. */
  readonly #gone: Endpoint[] = [];
  #cleaning: NodeJS.Timeout | undefined;
  #families: readonly Family[] = FAMILIES;

  constructor(options: FirewallOptions) {
    this.#options = options;
    this.#elements = options.enabled ? new NftElements(options.table) : undefined;
  }

  [Symbol.dispose](): void {
    this.#clean();
    this.#elements?.[Symbol.dispose]();
  }

  /** What containers are left without on this kernel, in sentences. */
  get warnings(): readonly string[] {
    return this.#families.includes("bridge") ? [] : [NO_BRIDGE_TABLE];
  }

  /** Replaces the tables as a whole, in one transaction; without that of bridges where the kernel has none for them. */
  async setup(state: FirewallState, furtherRules = ""): Promise<void> {
    if (!this.#elements) return this.teardown();
    // What is made anew is without them.
    this.#takeGone();
    const apply = (): Promise<void> => applyRuleset(`${removeTable("ip", this.#options.table)}${rulesOf(this.#options, state, this.#families)}${furtherRules}`);
    try {
      await apply();
    } catch (error) {
      if (!this.#families.includes("bridge") || (await takesRuleset(BRIDGE_PROBE))) throw error;
      this.#families = ["inet"];
      await apply();
    }
  }

  addNetwork(network: NetworkRecord): void {
    this.#elements?.add(this.#held(networkElements(network)));
  }

  removeNetwork(network: NetworkRecord): void {
    this.#elements?.delete(this.#held(networkElements(network)));
  }

  addEndpoints(endpoints: readonly Endpoint[]): void {
    const gone = this.#takeGone();
    this.#elements?.replace(gone, this.#held(endpoints.flatMap(endpointElements)));
  }

  /** Soon: elements about links that go cost nobody's time, and those of many containers, or of one that ends and one that starts, are one transaction. */
  removeEndpoints(endpoints: readonly Endpoint[]): void {
    if (!this.#elements) return;
    this.#gone.push(...endpoints);
    this.#cleaning ??= setTimeout(() => this.#clean(), CLEANS_AFTER_MS);
    if (this.#gone.length >= MOST_GONE) this.#clean();
  }

  #clean(): void {
    const gone = this.#takeGone();
    try {
      this.#elements?.delete(gone);
    } catch (error) {
      this.#options.log(`elements of ended containers could not be removed: ${messageOf(error)}, ignoring; the next start of the engine makes the tables anew`);
    }
  }

  #takeGone(): ElementChange[] {
    clearTimeout(this.#cleaning);
    this.#cleaning = undefined;
    return this.#held(this.#gone.splice(0).flatMap(endpointElements));
  }

  async teardown(): Promise<void> {
    this.#takeGone();
    for (const family of ["ip", ...this.#families] as const) await deleteTable(family, this.#options.table);
  }

  #held(changes: readonly ElementChange[]): ElementChange[] {
    return changes.filter(({ family }) => this.#families.some((each) => each === family));
  }
}

/** One table of IPv4 was what earlier releases made. Adding first makes the deletion succeed either way. */
const removeTable = (family: string, table: string): string => `add table ${family} ${table}\ndelete table ${family} ${table}\n`;
