import type { Database } from "bun:sqlite";
import { EngineError, formatInstant, messageOf, nowNs } from "../base/mod.ts";
import { getSysctl, hasCode, setSysctl, type ForwardChain, type InterfaceCounters, type Rtnetlink } from "../linux/mod.ts";
import { AddressPool } from "./address-pool.ts";
import { Bridges } from "./bridges.ts";
import { defaultNetwork, type NetworkConfig } from "./default-network.ts";
import { BRIDGE_NAME, defineNetwork } from "./define.ts";
import { EndpointTable } from "./endpoint-table.ts";
import { attachmentOf, type LinkedEndpoint } from "./endpoint.ts";
import { Firewall } from "./firewall.ts";
import { droppingChains, forwardWarnings } from "./forward-warnings.ts";
import { firstFree, hostSubnets, poolsFor } from "./host-subnets.ts";
import { linkRunning, unlinkRunning } from "./live-link.ts";
import { NetworkTable } from "./network-table.ts";
import { ensureParent, removeParent, requireKind } from "./parents.ts";
import { makeEndpoint, releaseAddresses } from "./reserve.ts";
import { withWayToResolver } from "./resolver-way.ts";
import { NetworkState } from "./state.ts";
import type { Family, Subnet } from "./subnet.ts";
import type { Attachment, Endpoint, EndpointWish, NetworkRecord, NetworkRequest } from "./types.ts";

export interface BridgeInfo {
  readonly name: string;
  /** The network's id: 64 hexadecimal digits, kept over restarts. */
  readonly id: string;
  readonly subnet: string;
  readonly gateway: string;
  readonly mtu: number;
}

export interface NetworksOptions {
  readonly db: Database;
  readonly rtnl: Rtnetlink;
  readonly config: NetworkConfig;
  /** Text for nft(8) that belongs into the engine's table, beside the networks' own. */
  readonly furtherRules?: () => string;
  /** Makes the tables of others that count on these anew too, when another program has removed them; `restoreFirewall` is of it. */
  readonly restore?: () => Promise<unknown>;
  /** Of what no caller can be told. */
  readonly log?: (sentence: string) => void;
}

const FORWARDING: Readonly<Record<Family, string>> = { 4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding" };
/** Below it the kernel gives an interface no IPv6 at all. */
const SMALLEST_IPV6_MTU = 1280;

/**
 * All networks of the engine: the default bridge, host and none, and those that users make.
 * `setup` → (`create` | `attach` → the shim makes the links → the container ends, the kernel takes the links → `detach`)* → `teardown`
 *
 * Facts come first, the kernel second: what a crash leaves in between is a row whose bridge the next `setup` makes, or a bridge or
 * link whose alias or name says that it is ours, and which the next `setup` or `sweep` removes.
 */
export class Networks implements Disposable {
  readonly #db: Database;
  readonly #rtnl: Rtnetlink;
  readonly #config: NetworkConfig;
  readonly #furtherRules: () => string;
  readonly #state: NetworkState;
  readonly #table: NetworkTable;
  readonly #endpoints: EndpointTable;
  readonly #firewall: Firewall;
  readonly #bridges: Bridges;
  readonly #parents = new Map<string, number>();
  #info: BridgeInfo | undefined;
  #hasIPv6 = false;
  readonly #restore: () => Promise<unknown>;
  readonly #log: (sentence: string) => void;
  #restoring: Promise<unknown> | undefined;
  #dropping: readonly ForwardChain[] = [];
  #warnings: readonly string[] = [];

  constructor({ db, rtnl, config, furtherRules = () => "", restore = () => this.restoreFirewall(), log = () => undefined }: NetworksOptions) {
    this.#furtherRules = furtherRules;
    this.#restore = restore;
    this.#log = log;
    this.#db = db;
    this.#rtnl = rtnl;
    this.#config = config;
    this.#state = new NetworkState(db);
    this.#table = new NetworkTable(db);
    this.#endpoints = new EndpointTable(db);
    this.#firewall = new Firewall({ table: config.table, enabled: config.firewall ?? true, ipv6: config.firewallIPv6 ?? true, log });
    this.#bridges = new Bridges(rtnl, this.#state.id().slice(0, 12), log);
  }

  [Symbol.dispose](): void {
    this.#firewall[Symbol.dispose]();
  }

  /** @throws Error before `setup` */
  get bridge(): BridgeInfo {
    if (!this.#info) throw new EngineError("System", `the network ${this.#config.bridge} is not set up`);
    return this.#info;
  }

  /** Sentences for /info: what on this host keeps containers from the network. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Makes bridges, addresses, forwarding and firewall tables what they should be; any of them may be there already. */
  async setup(): Promise<void> {
    this.#hasIPv6 = getSysctl("net.ipv6.conf.all.disable_ipv6") !== undefined;
    const network = this.#defineDefault();
    const [pool] = network.pools;
    this.#info = { name: network.interfaceName, id: network.id, subnet: pool?.subnet ?? "", gateway: pool?.gateway ?? "", mtu: network.mtu };
    const failures = this.#setupLinks();
    if (this.#config.forwarding ?? true) for (const family of [4, 6] as const) if (family === 4 || this.#table.all().some(routesIPv6)) this.#enableForwarding(family);
    await this.restoreFirewall();
    this.#dropping = await droppingChains(this.#config.table);
    this.#warnings = [...failures, ...this.#firewall.warnings, ...this.#table.damaged.map((text) => `network ${text}: the row is damaged and skipped`), ...forwardWarnings(this.#dropping, this.#config.bridge)];
  }

  /** Another program may have emptied the kernel's tables. */
  async restoreFirewall(): Promise<void> {
    await this.#firewall.setup({ networks: this.#table.all(), endpoints: this.#endpoints.all() }, this.#furtherRules());
  }

  /** Resolves when `connect` and `remove` find the kernel at leisure: they hold this thread until it is done. */
  async calm(): Promise<void> {
    await this.#bridges.roomFor();
  }

  /** Resolves when of removed networks nothing is left in the kernel. */
  async settled(): Promise<void> {
    await this.#bridges.settled();
  }

  /** When what the last changes need is in the kernel. @throws EngineError System when the tables could not be made anew */
  async ready(): Promise<void> {
    await this.#restoring;
  }

  /** Changes elements; tables that another program has removed are made anew, with what the rows say: the caller waits for `ready`. */
  #withTables(change: () => void): void {
    try {
      change();
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      this.#log(`the firewall tables ${this.#config.table} were removed by another program: they are made anew`);
      const restoring = this.#restore().finally(() => {
        if (this.#restoring === restoring) this.#restoring = undefined;
      });
      restoring.catch(() => undefined);
      this.#restoring = restoring;
    }
  }

  /** One sentence about what keeps this network's containers from other machines, or "". */
  warningOf({ driver, internal, interfaceName }: NetworkRecord): string {
    return driver === "bridge" && !internal && interfaceName !== "" ? forwardWarnings(this.#dropping, interfaceName).join("; ") : "";
  }

  networks(): readonly NetworkRecord[] {
    return this.#table.all();
  }

  find(ref: string): NetworkRecord | undefined {
    return this.#table.find(ref);
  }

  /** @throws EngineError in Docker's words */
  async create(request: NetworkRequest): Promise<NetworkRecord> {
    const id = randomId();
    const { options } = this.#table.named(request.configFrom) ?? request;
    await this.#bridges.roomFor(options[BRIDGE_NAME] ?? "");
    const network = this.#define(request, id);
    this.#db.transaction(() => {
      this.#table.put(network);
      for (const pool of network.pools) new AddressPool(this.#db, pool).reset();
    })();
    try {
      this.#makeLinks(network);
      if (routesIPv6(network) && (this.#config.forwarding ?? true)) this.#enableForwarding(6);
      this.#withTables(() => this.#firewall.addNetwork(network));
      await this.ready();
    } catch (error) {
      this.#forget(network);
      this.#removeLinks(network);
      throw error;
    }
    return network;
  }

  #define(request: NetworkRequest, id: string): NetworkRecord {
    return defineNetwork(request, { id, createdAt: formatInstant(nowNs()) }, {
      named: (name) => this.#table.named(name),
      onInterface: (name) => this.#table.onInterface(name),
      meets: (subnet) => this.#table.meets(subnet),
      choose: (family) => this.#chooseSubnet(family),
    });
  }

  /** @throws EngineError Forbidden while it is in use or predefined */
  remove(id: string): void {
    const network = this.#needed(id);
    if (isPredefined(network)) throw new EngineError("Forbidden", `${network.name} is a pre-defined network and cannot be removed`);
    if (network.configOnly && this.#table.configuredFrom(network.name).length > 0) throw new EngineError("Forbidden", `error while removing network: configuration network ${JSON.stringify(network.name)} is in use`);
    this.#forget(network);
    this.#firewall.removeNetwork(network);
    this.#removeLinks(network);
  }

  /**
   * Reserves addresses for a container that is about to start, and builds the messages that make its links; makes no interface.
   * What the container had before is let go of.
   * @throws EngineError Forbidden (address in use), InvalidParameter, System (subnet full)
   */
  attach(containerId: string, wishes: readonly EndpointWish[]): Attachment {
    this.detach(containerId);
    const linked = this.#db.transaction(() => {
      const made: LinkedEndpoint[] = [];
      for (const wish of wishes) made.push(this.#reserve(containerId, wish, made.map(({ endpoint }) => endpoint)));
      // Only when all are reserved: the index in memory does not roll back.
      for (const { endpoint } of made) this.#endpoints.insert(endpoint);
      return made;
    })();
    this.#withTables(() => this.#firewall.addEndpoints(linked.map(({ endpoint }) => endpoint)));
    return withWayToResolver(attachmentOf(linked));
  }

  /** Frees the addresses; done when there are none. The links went, or go, with the container's network namespace. */
  detach(containerId: string): void {
    const endpoints = this.#endpoints.ofContainer(containerId);
    if (endpoints.length > 0) this.#release(endpoints);
  }

  /** Links a running container to one more network. @throws EngineError */
  connect(containerId: string, pid: number, wish: EndpointWish): Endpoint {
    const linked = this.#db.transaction(() => {
      const made = this.#reserve(containerId, wish, this.#endpoints.ofContainer(containerId));
      this.#endpoints.insert(made.endpoint);
      return made;
    })();
    try {
      this.#withTables(() => this.#firewall.addEndpoints([linked.endpoint]));
      linkRunning(this.#rtnl, pid, linked, this.#endpoints.ofContainer(containerId));
    } catch (error) {
      this.#release([linked.endpoint]);
      if (linked.endpoint.hostInterface !== "") this.#rtnl.deleteLink(linked.endpoint.hostInterface);
      throw new EngineError("System", `the container could not be linked to network ${linked.network.name}: ${messageOf(error)}`, { cause: error });
    }
    return linked.endpoint;
  }

  /** Takes one network from a running container; undefined when it had none of it. */
  async disconnect(containerId: string, pid: number, networkId: string): Promise<Endpoint | undefined> {
    const endpoint = this.#endpoints.ofContainer(containerId).find((other) => other.networkId === networkId);
    if (!endpoint) return undefined;
    const left = this.#endpoints.ofContainer(containerId).filter((other) => other !== endpoint);
    await unlinkRunning(this.#rtnl, pid, endpoint, left);
    this.#release([endpoint]);
    return endpoint;
  }

  endpoints(containerId: string): readonly Endpoint[] {
    return this.#endpoints.ofContainer(containerId);
  }

  endpointsOn(networkId: string): readonly Endpoint[] {
    return this.#endpoints.ofNetwork(networkId);
  }

  /** Of every interface of the host, by index, as seen from the host: what a container sends its host end receives. */
  interfaceCounters(): Map<number, InterfaceCounters> {
    return this.#rtnl.counters();
  }

  /** Frees what no live container holds, and removes links on our bridges that no endpoint names. */
  sweep(liveIds: ReadonlySet<string>): void {
    for (const id of this.#endpoints.containers()) if (!liveIds.has(id)) this.detach(id);
    const links = this.#rtnl.links();
    const there = new Set(links.map(({ name }) => name));
    // A crash came between an endpoint's row and its link.
    this.#release(this.#endpoints.all().filter(({ hostInterface }) => hostInterface !== "" && !there.has(hostInterface)));
    const named = new Set(this.#endpoints.all().map(({ hostInterface }) => hostInterface));
    const ours = this.#bridges.indexes();
    for (const link of links) if (ours.has(link.master) && link.kind === "veth" && !named.has(link.name)) this.#rtnl.deleteLink(link.name);
  }

  /** Takes back everything `setup` and `create` made, the forwarding switches too when they were ours; goes through to the end. */
  async teardown(): Promise<void> {
    const failures: unknown[] = [];
    const step = async (action: () => unknown): Promise<void> => {
      try {
        await action();
      } catch (error) {
        failures.push(error);
      }
    };
    await step(() => this.#firewall.teardown());
    await step(() => this.#removePorts());
    for (const network of this.#table.all()) await step(() => this.#removeLinks(network));
    await step(() => this.#bridges.settled());
    // Without `setup` they are known by their aliases alone.
    await step(() => this.#bridges.sweep(this.#rtnl.links(), () => false));
    await step(() => this.#rtnl.deleteLink(this.#config.bridge));
    for (const [key, sysctl] of [["forwarding", FORWARDING[4]], ["forwarding6", FORWARDING[6]]] as const)
      await step(() => {
        if (this.#state.get(key) === "ours") setSysctl(sysctl, "0");
      });
    await step(() => this.#state.clear());
    this.#info = undefined;
    if (failures.length > 0) throw new AggregateError(failures, "the networks could not be removed completely");
  }

  #needed(id: string): NetworkRecord {
    const network = this.#table.get(id);
    if (!network) throw new EngineError("NotFound", `network ${id} not found`);
    return network;
  }

  #reserve(containerId: string, wish: EndpointWish, others: readonly Endpoint[]): LinkedEndpoint {
    const network = this.#needed(wish.networkId);
    if (network.configOnly) throw new EngineError("Forbidden", `cannot create endpoint on configuration-only network`);
    const index = network.driver === "bridge" ? this.#bridges.indexOf(network) : this.#parentOf(network);
    const endpoint = makeEndpoint(this.#db, network, { containerId, wish, others, endpointId: randomId() });
    const silenceIPv6 = !network.enableIPv6 && this.#hasIPv6 && (network.mtu === 0 || network.mtu >= SMALLEST_IPV6_MTU);
    return { endpoint, network, index, silenceIPv6 };
  }

  #release(endpoints: readonly Endpoint[]): void {
    this.#db.transaction(() => {
      for (const endpoint of endpoints) {
        this.#endpoints.delete(endpoint);
        const network = this.#table.get(endpoint.networkId);
        if (network) releaseAddresses(this.#db, network, endpoint);
      }
    })();
    this.#firewall.removeEndpoints(endpoints);
  }

  #parentOf(network: NetworkRecord): number {
    // An interface of the host may have gone and come again.
    const index = this.#rtnl.link(network.interfaceName)?.index ?? ensureParent(this.#rtnl, network, this.#bridges.alias(network));
    this.#parents.set(network.id, index);
    return index;
  }

  #forget(network: NetworkRecord): void {
    this.#db.transaction(() => {
      this.#table.delete(network.id);
      for (const pool of network.pools) new AddressPool(this.#db, pool).drop();
    })();
  }

  #makeLinks(network: NetworkRecord): void {
    if (network.configOnly) return;
    if (network.driver === "bridge") this.#bridges.ensure(network, this.#rtnl.link(network.interfaceName), { mark: true });
    else requireKind(this.#rtnl, network, this.#parentOf(network));
  }

  #removeLinks(network: NetworkRecord): void {
    if (network.driver === "bridge" && !network.configOnly) this.#bridges.remove(network);
    else if ((network.driver === "macvlan" || network.driver === "ipvlan") && !this.#table.all().some(({ interfaceName }) => interfaceName === network.interfaceName)) removeParent(this.#rtnl, network);
  }

  #removePorts(): void {
    const ours = new Set(this.#rtnl.links().filter(({ name, kind }) => kind === "bridge" && (name === this.#config.bridge || this.#table.onInterface(name))).map(({ index }) => index));
    for (const link of this.#rtnl.links()) if (ours.has(link.master) && link.kind === "veth") this.#rtnl.deleteLink(link.name);
  }

  /** Bridges of all networks, in one look at the kernel. @returns one sentence for each that could not be made */
  #setupLinks(): string[] {
    const links = this.#rtnl.links();
    this.#bridges.sweep(links, (id) => this.#table.get(id) !== undefined);
    const failures: string[] = [];
    for (const network of this.#table.all()) {
      if (network.driver !== "bridge" || network.configOnly) continue;
      const isDefault = network.id === this.#state.id();
      try {
        this.#bridges.ensure(network, links.find(({ name }) => name === network.interfaceName), { mark: !isDefault });
      } catch (error) {
        if (isDefault) throw error;
        failures.push(`network ${network.name}: ${messageOf(error)}`);
      }
    }
    return failures;
  }

  /** The network that is there without anybody having made it: configured, or as it was last time. */
  #defineDefault(): NetworkRecord {
    const id = this.#state.id();
    for (const name of ["host", "none"] as const) if (!this.#table.named(name)) this.#table.put(hostOrNone(name));
    const before = this.#table.get(id);
    const own = this.#rtnl.link(this.#config.bridge)?.index;
    const taken = [...hostSubnets(this.#rtnl, new Set([...(own === undefined ? [] : [own])])), ...this.#table.subnets(id)];
    const network = defaultNetwork(this.#config, { id, before, taken, localPool: this.#localPool() });
    const lacks = (one: NetworkRecord | undefined, subnet: string): boolean => !one?.pools.some((pool) => pool.subnet === subnet);
    this.#db.transaction(() => {
      // Another subnet than last time: endpoints of the old one are worth nothing.
      if (before?.pools[0]?.subnet !== network.pools[0]?.subnet) for (const endpoint of this.#endpoints.ofNetwork(id)) this.#endpoints.delete(endpoint);
      for (const pool of before?.pools ?? []) if (lacks(network, pool.subnet)) new AddressPool(this.#db, pool).drop();
      for (const pool of network.pools) if (lacks(before, pool.subnet)) new AddressPool(this.#db, pool).reset();
      for (const pool of network.pools) {
        const old = before?.pools.find(({ subnet }) => subnet === pool.subnet);
        if (old) new AddressPool(this.#db, pool).reserveInsteadOf(old);
      }
      this.#table.put(network);
    })();
    return network;
  }

  /** Unique local addresses of this engine. */
  #localPool(): string {
    const id = this.#state.id();
    return `fd${id.slice(0, 2)}:${id.slice(2, 6)}:${id.slice(6, 10)}::/48`;
  }

  #chooseSubnet(family: Family): Subnet {
    const subnet = firstFree(poolsFor(this.#config.pools ?? [], family, this.#localPool()), [...hostSubnets(this.#rtnl, new Set()), ...this.#table.subnets()]);
    if (!subnet) throw new EngineError("InvalidParameter", "all predefined address pools have been fully subnetted");
    return subnet;
  }

  #enableForwarding(family: Family): void {
    if (getSysctl(FORWARDING[family]) !== "0") return;
    // Remembered first: after a crash in between, teardown at worst writes back what was there.
    this.#state.set(family === 4 ? "forwarding" : "forwarding6", "ours");
    setSysctl(FORWARDING[family], "1");
  }
}

const PREDEFINED = ["bridge", "host", "none"];

/** Networks that nobody made. */
export const isPredefined = ({ name }: Pick<NetworkRecord, "name">): boolean => PREDEFINED.includes(name);

const routesIPv6 = ({ driver, enableIPv6, internal }: NetworkRecord): boolean => driver === "bridge" && enableIPv6 && !internal;

const randomId = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");

function hostOrNone(name: "host" | "none"): NetworkRecord {
  return {
    id: randomId(), name, createdAt: formatInstant(nowNs()), driver: name === "host" ? "host" : "null", enableIPv4: true, enableIPv6: false, internal: false, attachable: false, configOnly: false, configFrom: "",
    ipam: { driver: "default", options: null, config: null }, options: {}, labels: {}, pools: [], interfaceName: "", mtu: 0,
  };
}

export function openNetworks(options: NetworksOptions): Networks {
  return new Networks(options);
}
