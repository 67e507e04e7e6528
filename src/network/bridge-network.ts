import type { Database } from "bun:sqlite";
import { isIPv4 } from "node:net";
import { EngineError } from "../base/mod.ts";
import { getSysctl, SyscallError, setSysctl, type InterfaceCounters, type Rtnetlink } from "../linux/mod.ts";
import { AddressPool } from "./address-pool.ts";
import { endpointOf, hostInterfaceName, macOfAddress, type Endpoint, type EndpointRow } from "./endpoint.ts";
import { forwardWarnings, setupFirewall, teardownFirewall } from "./firewall.ts";
import { NetworkState } from "./state.ts";
import { candidateSubnets, firstAddress, formatAddress, formatSubnet, overlaps, parseAddress, parseSubnet, subnetsOf, type Subnet } from "./subnet.ts";

export interface NetworkConfig {
  /** Name of the bridge, e.g. hako0. */
  readonly bridge: string;
  /** CIDR; without it the first of Docker's pools that meets no route or interface of the host. */
  readonly subnet?: string;
  /** Name of the nftables table, e.g. hako. */
  readonly table: string;
  readonly mtu?: number;
  /** Where a subnet is chosen from; networks of this prefix in each range. Docker's pools when there is none. */
  readonly pools?: readonly { readonly base: string; readonly size: number }[];
  /** False: whether packets are passed on is the operator's business. */
  readonly forwarding?: boolean;
  /** False: no table, and so neither masquerading nor protection. */
  readonly firewall?: boolean;
  /** False: containers leave under their own addresses. */
  readonly masquerade?: boolean;
}

export interface BridgeInfo {
  readonly name: string;
  /** The network's id: 64 hexadecimal digits, kept over restarts. */
  readonly id: string;
  readonly subnet: string;
  readonly gateway: string;
  readonly mtu: number;
}

export interface AttachOptions {
  readonly mac?: string;
  readonly ip?: string;
}

interface Ready {
  readonly subnet: Subnet;
  readonly index: number;
  readonly info: BridgeInfo;
  readonly pool: AddressPool;
  readonly silenceIPv6: boolean;
}

const FORWARDING = "net.ipv4.ip_forward";
const DEFAULT_MTU = 1500;
/** Below it the kernel gives an interface no IPv6 at all. */
const SMALLEST_IPV6_MTU = 1280;

/**
 * The default network: one bridge, NAT on the way out, an address per container.
 * `setup` → (`attach` → the shim makes the link → the container ends, the kernel takes the link → `detach`)* → `teardown`
 */
export class BridgeNetwork {
  readonly #rtnl: Rtnetlink;
  readonly #config: NetworkConfig;
  readonly #db: Database;
  readonly #state: NetworkState;
  #ready: Ready | undefined;
  #warnings: readonly string[] = [];

  constructor({ db, rtnl, config }: { db: Database; rtnl: Rtnetlink; config: NetworkConfig }) {
    this.#db = db;
    this.#rtnl = rtnl;
    this.#config = config;
    this.#state = new NetworkState(db);
  }

  /** @throws Error before `setup` */
  get bridge(): BridgeInfo {
    return this.#needed().info;
  }

  /** Sentences for /info: what on this host keeps containers from the network. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Makes bridge, address, forwarding and firewall table what they should be; any of them may be there already. */
  async setup(): Promise<void> {
    const { bridge: name, table } = this.#config;
    const subnet = this.#chooseSubnet();
    const gateway = formatAddress(firstAddress(subnet));
    const mtu = this.#config.mtu ?? DEFAULT_MTU;
    const index = this.#setupBridge(subnet, gateway, mtu);
    if (this.#config.forwarding ?? true) this.#enableForwarding();
    const pool = new AddressPool(this.#db, subnet);
    this.#keepSubnet(subnet, pool);
    const silenceIPv6 = mtu >= SMALLEST_IPV6_MTU && getSysctl("net.ipv6.conf.all.disable_ipv6") !== undefined;
    this.#ready = { subnet, index, pool, silenceIPv6, info: { name, id: this.#state.id(), subnet: formatSubnet(subnet), gateway, mtu } };
    if (this.#config.firewall ?? true) await setupFirewall({ table, bridge: name, subnet: formatSubnet(subnet), masquerade: this.#config.masquerade ?? true });
    else await teardownFirewall(table);
    this.#warnings = await forwardWarnings({ table, bridge: name });
  }

  /**
   * Reserves an address for the container and builds the messages that make its link; touches no kernel object. A second call
   * gives a new endpoint that keeps the address.
   * @throws EngineError Conflict, InvalidParameter, System (subnet full)
   */
  attach(containerId: string, { mac, ip }: AttachOptions = {}): Endpoint {
    const { pool } = this.#needed();
    const endpointId = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
    return this.#db.transaction(() => {
      const known = this.#row(containerId);
      const keep = known !== undefined && (ip === undefined || parseAddress(ip) === known.address);
      if (known && !keep) pool.give(known.address);
      const address = keep ? known.address : ip === undefined ? pool.takeLowest() : pool.take(parseAddress(ip));
      const row = { endpoint_id: endpointId, address, mac: mac ?? macOfAddress(address) };
      this.#db.query("INSERT OR REPLACE INTO network_endpoints (container_id, endpoint_id, address, mac) VALUES (?, ?, ?, ?)").run(containerId, row.endpoint_id, row.address, row.mac);
      return this.#endpoint(row);
    })();
  }

  /** Frees the address; done when there is none. The link went, or goes, with the container's network namespace. */
  detach(containerId: string): void {
    const { pool } = this.#needed();
    this.#db.transaction(() => {
      const row = this.#row(containerId);
      if (!row) return;
      this.#db.query("DELETE FROM network_endpoints WHERE container_id = ?").run(containerId);
      pool.give(row.address);
    })();
  }

  endpoint(containerId: string): Endpoint | undefined {
    const row = this.#row(containerId);
    return row && this.#endpoint(row);
  }

  /** Of every interface of the host, by index, as seen from the host: what a container sends its host end receives. */
  interfaceCounters(): Map<number, InterfaceCounters> {
    return this.#rtnl.counters();
  }

  /** Frees what no live container holds, and removes links on the bridge that no endpoint names. */
  sweep(liveIds: ReadonlySet<string>): void {
    const { index } = this.#needed();
    const rows = this.#db.query<EndpointRow & { container_id: string }, []>("SELECT container_id, endpoint_id, address, mac FROM network_endpoints").all();
    for (const { container_id } of rows) if (!liveIds.has(container_id)) this.detach(container_id);
    const named = new Set(rows.filter(({ container_id }) => liveIds.has(container_id)).map(({ endpoint_id }) => hostInterfaceName(endpoint_id)));
    for (const link of this.#rtnl.links()) if (link.master === index && link.kind === "veth" && !named.has(link.name)) this.#rtnl.deleteLink(link.name);
  }

  /** Takes back everything `setup` made, the forwarding switch too when it was ours; goes through to the end. */
  async teardown(): Promise<void> {
    const failures: unknown[] = [];
    const step = async (action: () => unknown): Promise<void> => {
      try {
        await action();
      } catch (error) {
        failures.push(error);
      }
    };
    await step(() => teardownFirewall(this.#config.table));
    await step(() => this.#removeLinks());
    await step(() => {
      if (this.#state.get("forwarding") === "ours") setSysctl(FORWARDING, "0");
    });
    await step(() => this.#state.clear());
    this.#ready = undefined;
    if (failures.length > 0) throw new AggregateError(failures, "the network could not be removed completely");
  }

  #removeLinks(): void {
    const bridge = this.#rtnl.link(this.#config.bridge);
    if (!bridge) return;
    for (const link of this.#rtnl.links()) if (link.master === bridge.index && link.kind === "veth") this.#rtnl.deleteLink(link.name);
    this.#rtnl.deleteLink(this.#config.bridge);
  }

  #needed(): Ready {
    if (!this.#ready) throw new EngineError("System", `the network ${this.#config.bridge} is not set up`);
    return this.#ready;
  }

  #row(containerId: string): EndpointRow | undefined {
    return this.#db.query<EndpointRow, [string]>("SELECT endpoint_id, address, mac FROM network_endpoints WHERE container_id = ?").get(containerId) ?? undefined;
  }

  #endpoint(row: EndpointRow): Endpoint {
    const { index, subnet, info, silenceIPv6 } = this.#needed();
    return endpointOf(row, { index, silenceIPv6, prefix: subnet.prefix, gateway: info.gateway, mtu: info.mtu });
  }

  /** Configured, else the one of last time while nobody else took it, else the first free of the pools. */
  #chooseSubnet(): Subnet {
    if (this.#config.subnet !== undefined) return parseSubnet(this.#config.subnet);
    const taken = this.#hostSubnets();
    const free = (subnet: Subnet): boolean => !taken.some((other) => overlaps(subnet, other));
    const before = this.#state.get("subnet");
    if (before !== undefined && free(parseSubnet(before)) && this.#isChosenFrom(parseSubnet(before))) return parseSubnet(before);
    for (const candidate of this.#candidates()) if (free(candidate)) return candidate;
    throw new EngineError("System", "every private address pool meets a route of this host: choose one with --bip, or run without a bridge");
  }

  /** The pools may have changed since. */
  #isChosenFrom(subnet: Subnet): boolean {
    const { pools = [] } = this.#config;
    return pools.length === 0 || pools.some(({ base, size }) => size === subnet.prefix && overlaps(parseSubnet(base), subnet));
  }

  #candidates(): Iterable<Subnet> {
    const { pools = [] } = this.#config;
    return pools.length > 0 ? pools.values().flatMap(({ base, size }) => subnetsOf(parseSubnet(base), size)) : candidateSubnets();
  }

  #hostSubnets(): Subnet[] {
    const own = this.#rtnl.link(this.#config.bridge)?.index;
    const routes = this.#rtnl.routes().filter(({ destination, prefix, index }) => isIPv4(destination) && prefix > 0 && index !== own);
    const addresses = this.#rtnl.addresses().filter(({ address, index }) => isIPv4(address) && index !== own);
    return [...routes.map(({ destination, prefix }) => ({ base: parseAddress(destination), prefix })), ...addresses.map(({ address, prefix }) => subnetOf(address, prefix))];
  }

  #setupBridge(subnet: Subnet, gateway: string, mtu: number): number {
    const { bridge: name } = this.#config;
    const existing = this.#rtnl.link(name);
    if (existing && existing.kind !== "bridge") throw new EngineError("System", `the interface ${name} exists and is no bridge: choose another name with --bridge`);
    // A bridge without an address of its own takes the lowest of its ports', and changes it as containers come and go.
    const index = existing?.index ?? this.#createBridge(name, macOfAddress(parseAddress(gateway)), mtu);
    const address = `${gateway}/${subnet.prefix}`;
    // Of an earlier configuration: its route would still send that subnet here.
    for (const other of this.#rtnl.addresses(index).filter((entry) => isIPv4(entry.address)).map((entry) => `${entry.address}/${entry.prefix}`))
      if (other !== address) this.#rtnl.removeAddress(index, other);
    this.#rtnl.addAddress(index, address);
    this.#rtnl.setUp(index);
    return index;
  }

  #createBridge(name: string, mac: string, mtu: number): number {
    try {
      return this.#rtnl.createBridge(name, { mac, mtu });
    } catch (error) {
      if (error instanceof SyscallError && error.code === "EPERM") throw new EngineError("System", `the bridge ${name} could not be made: the engine needs root (CAP_NET_ADMIN)`, { cause: error });
      throw error;
    }
  }

  #enableForwarding(): void {
    if (getSysctl(FORWARDING) !== "0") return;
    // Remembered first: after a crash in between, teardown at worst writes back what was there.
    this.#state.set("forwarding", "ours");
    setSysctl(FORWARDING, "1");
  }

  /** Another subnet than last time: endpoints of the old one are worth nothing. */
  #keepSubnet(subnet: Subnet, pool: AddressPool): void {
    const text = formatSubnet(subnet);
    if (this.#state.get("subnet") === text) return;
    this.#db.transaction(() => {
      this.#db.run("DELETE FROM network_endpoints");
      pool.reset();
      this.#state.set("subnet", text);
    })();
  }
}

function subnetOf(address: string, prefix: number): Subnet {
  const size = 2 ** (32 - prefix);
  return { base: parseAddress(address) - (parseAddress(address) % size), prefix };
}

export function openNetworks(options: { db: Database; rtnl: Rtnetlink; config: NetworkConfig }): BridgeNetwork {
  return new BridgeNetwork(options);
}
