import { EngineError, messageOf } from "../base/mod.ts";
import { getSysctl, hasCode, setSysctl, SyscallError, type Link, type Rtnetlink } from "../linux/mod.ts";
import { hasHiddenAddress, hiddenAddress } from "./hidden-address.ts";
import { isInhibited } from "./driver-options.ts";
import { macOfAddress } from "./endpoint.ts";
import { LeavingBridges } from "./leaving-bridges.ts";
import { familyOf, parseSubnet } from "./subnet.ts";
import type { NetworkRecord } from "./types.ts";

/** The Linux bridges of networks. Each but the default one says in its alias whose it is, so that it is found again without its network. */
export class Bridges {
  readonly #rtnl: Rtnetlink;
  readonly #owner: string;
  readonly #indexes = new Map<string, number>();
  /** Bridges that others made, which stay when their network goes. */
  readonly #foreign = new Set<string>();
  readonly #leaving: LeavingBridges;

  constructor(rtnl: Rtnetlink, owner: string, report: (sentence: string) => void) {
    this.#rtnl = rtnl;
    this.#owner = owner;
    this.#leaving = new LeavingBridges(rtnl, report);
  }

  /** @throws EngineError System when the network has no bridge */
  indexOf(network: NetworkRecord): number {
    const index = this.#indexes.get(network.id);
    if (index === undefined) throw new EngineError("System", `the bridge ${network.interfaceName} of network ${network.name} could not be made when the engine started: see its log`);
    return index;
  }

  /** Makes the bridge what it should be; it may be there already. `known`: that it is, or is not. */
  ensure(network: NetworkRecord, known: Link | undefined, { mark }: { mark: boolean }): void {
    const { interfaceName: name } = network;
    if (known && known.kind !== "bridge") throw new EngineError("InvalidParameter", `existing interface ${name} is not a bridge`);
    if (known && mark && known.alias !== this.alias(network)) this.#foreign.add(network.id);
    const index = known?.index ?? this.#create(network, mark);
    this.#indexes.set(network.id, index);
    this.#setAddresses(network, index, { isNew: known === undefined, isOurs: !this.#foreign.has(network.id) });
    if (known === undefined || !this.#foreign.has(network.id)) setIPv6Manners(name);
    if (!known?.up) this.#rtnl.setUp(index);
    // The host has no address of the subnet, and answers questions for names.
    if (hasHiddenAddress(network)) for (const { subnet } of network.pools) if (!subnet.includes(":")) this.#rtnl.addRoute(index, subnet);
  }

  /** It leads nowhere from now on, and goes later; done when there is none. */
  remove({ id, interfaceName: name }: NetworkRecord): void {
    const index = this.#indexes.get(id);
    this.#indexes.delete(id);
    if (index === undefined || this.#foreign.delete(id)) return;
    // Its subnet may be another network's in a moment. Routes go with the last address.
    for (const address of this.#addressesOf(index)) this.#rtnl.removeAddress(index, address);
    this.#leaving.add(name);
  }

  /** Resolves when a bridge of this name can be made, and changes of links do not wait for one on its way out. */
  async roomFor(name?: string): Promise<void> {
    await this.#leaving.roomFor(name);
  }

  /** Resolves when none is on its way out. */
  async settled(): Promise<void> {
    await this.#leaving.gone();
  }

  /** Bridges of ours whose network is gone: a crash came between the row and the bridge. */
  sweep(links: readonly Link[], isKnown: (networkId: string) => boolean): void {
    const mark = this.alias({ id: "" });
    for (const { kind, alias, name } of links) if (kind === "bridge" && alias.startsWith(mark) && !isKnown(alias.slice(mark.length))) this.#rtnl.deleteLink(name);
  }

  /** The numbers of all bridges. */
  indexes(): ReadonlySet<number> {
    return new Set(this.#indexes.values());
  }

  /** What an interface of ours says about itself. */
  alias({ id }: Pick<NetworkRecord, "id">): string {
    return `hako ${this.#owner} ${id}`;
  }

  #create(network: NetworkRecord, mark: boolean): number {
    const { interfaceName: name, pools, mtu } = network;
    const gateway = pools.find((pool) => familyOf(pool.gateway) === 4)?.gateway;
    try {
      // A bridge without an address of its own takes the lowest of its ports', and changes it as containers come and go.
      const index = this.#rtnl.createBridge(name, { mtu, mac: macOfAddress(gateway ?? randomAddress()) });
      if (mark) this.#rtnl.setAlias(index, this.alias(network));
      return index;
    } catch (error) {
      if (error instanceof SyscallError && error.code === "EPERM") throw new EngineError("System", `the bridge ${name} could not be made: the engine needs root (CAP_NET_ADMIN)`, { cause: error });
      if (error instanceof SyscallError && error.code === "EINVAL") throw new EngineError("InvalidParameter", `the kernel makes no bridge ${JSON.stringify(name)} of MTU ${mtu}`, { cause: error });
      throw error;
    }
  }

  #addAddress(index: number, address: string): void {
    try {
      this.#rtnl.addAddress(index, address);
    } catch (error) {
      if (error instanceof SyscallError && hasCode(error, "EINVAL", "EADDRNOTAVAIL", "EACCES")) throw new EngineError("InvalidParameter", `the kernel gives a bridge no address ${address}: ${messageOf(error)}`, { cause: error });
      throw error;
    }
  }

  #addressesOf(index: number): string[] {
    return this.#rtnl.addresses(index).filter(({ address }) => !address.startsWith("fe80:")).map(({ address, prefix }) => `${address}/${prefix}`);
  }

  #setAddresses(network: NetworkRecord, index: number, { isNew, isOurs }: { isNew: boolean; isOurs: boolean }): void {
    const { pools, options, enableIPv6 } = network;
    const held = isNew ? [] : this.#addressesOf(index);
    const inhibited = isInhibited({ options });
    const given = pools.filter(({ gateway }) => gateway !== "" && (!inhibited || familyOf(gateway) !== 4)).map(({ gateway, subnet }) => `${gateway}/${parseSubnet(subnet).prefix}`);
    const wanted = hasHiddenAddress(network) ? [...given, `${hiddenAddress(network)}/32`] : given;
    // Of an earlier configuration: its route would still send that subnet here.
    if (isOurs) for (const other of held) if (!wanted.includes(other)) this.#rtnl.removeAddress(index, other);
    if (enableIPv6 && getSysctl("net.ipv6.conf.all.disable_ipv6") === undefined) throw new EngineError("InvalidParameter", "this kernel has no IPv6: create the network without --ipv6");
    for (const address of wanted) if (!held.includes(address)) this.#addAddress(index, address);
  }
}

function randomAddress(): string {
  return [...crypto.getRandomValues(new Uint8Array(4))].join(".");
}

/**
 * No container tells this host where its packets go (router advertisements). And the bridge's link-local address, which asks for the containers'
 * addresses, is its own at once, not after a second of asking whether somebody has it.
 */
function setIPv6Manners(bridge: string): void {
  for (const name of ["accept_ra", "accept_dad"]) {
    const key = `net/ipv6/conf/${bridge}/${name}`;
    if ((getSysctl(key) ?? "0") !== "0") setSysctl(key, "0");
  }
}
