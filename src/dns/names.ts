import { addressBytes, addressText } from "../linux/mod.ts";

/** A container's attachment to a network, as others on it see it. */
export interface NamedEndpoint {
  readonly networkId: string;
  readonly networkName: string;
  /** The first is the one that reverse lookups tell. */
  readonly names: readonly string[];
  /** "" where it has none. */
  readonly ip: string;
  readonly ip6: string;
  /** What this container alone calls others on this network. */
  readonly links?: readonly Link[];
}

export interface Link {
  readonly alias: string;
  readonly name: string;
}

export interface NamedContainer {
  readonly containerId: string;
  /** In the order in which they are asked: the first network that knows a name answers. */
  readonly endpoints: readonly NamedEndpoint[];
  /** Whom to ask what no container is called; empty: the host's. */
  readonly servers: readonly string[];
  /** Single words are not asked of others: the search list was meant to complete them. */
  readonly keepsSingleWords: boolean;
  /** Subnets; servers outside of them are not asked, for the container cannot reach them either. Absent: it reaches the world. */
  readonly confinedTo?: readonly string[];
}

export interface Found {
  readonly ipv4: readonly Uint8Array[];
  readonly ipv6: readonly Uint8Array[];
}

/** What the resolver asks. Every call is a few steps through maps. */
export interface NameTable {
  /** The container that has this address on the network. */
  asker(networkId: string, address: string): NamedContainer | undefined;
  /** By a name in lower case, in the networks of the one who asks; undefined when nobody there is called so. */
  lookup(asker: NamedContainer, name: string): Found | undefined;
  /** The full name of who has this address. */
  reverse(asker: NamedContainer, address: string): string | undefined;
}

interface Holder {
  readonly container: NamedContainer;
  readonly endpoint: NamedEndpoint;
  readonly ipv4: Uint8Array | undefined;
  readonly ipv6: Uint8Array | undefined;
}

interface NetworkNames {
  /** Replicas of a service share a name. */
  readonly byName: Map<string, Set<Holder>>;
  readonly byAddress: Map<string, Holder>;
}

/** Who is called what on which network, now. Adding and removing costs as many steps as the container has names. */
export class Names implements NameTable {
  readonly #networks = new Map<string, NetworkNames>();
  readonly #containers = new Map<string, readonly Holder[]>();

  /** In place of what was known of the container. */
  set(container: NamedContainer): void {
    this.remove(container.containerId);
    const holders = container.endpoints.map((endpoint) => ({ container, endpoint, ipv4: bytesOf(endpoint.ip), ipv6: bytesOf(endpoint.ip6) }));
    this.#containers.set(container.containerId, holders);
    for (const holder of holders) this.#add(holder);
  }

  remove(containerId: string): void {
    for (const holder of this.#containers.get(containerId) ?? []) this.#drop(holder);
    this.#containers.delete(containerId);
  }

  asker(networkId: string, address: string): NamedContainer | undefined {
    return this.#networks.get(networkId)?.byAddress.get(address)?.container;
  }

  lookup(asker: NamedContainer, name: string): Found | undefined {
    const found = this.#inNetworks(asker, name, undefined);
    if (found) return found;
    // a.b.c may also be a.b on the network "c", or a on the network "b.c".
    for (let dot = name.lastIndexOf("."); dot > 0; dot = name.lastIndexOf(".", dot - 1)) {
      const scoped = this.#inNetworks(asker, name.slice(0, dot), name.slice(dot + 1));
      if (scoped) return scoped;
    }
    return undefined;
  }

  reverse(asker: NamedContainer, address: string): string | undefined {
    for (const { networkId, networkName } of asker.endpoints) {
      const [name] = this.#networks.get(networkId)?.byAddress.get(address)?.endpoint.names ?? [];
      if (name !== undefined) return `${name}.${networkName}`;
    }
    return undefined;
  }

  #inNetworks({ endpoints }: NamedContainer, name: string, networkName: string | undefined): Found | undefined {
    for (const endpoint of endpoints) {
      if (networkName !== undefined && endpoint.networkName.toLowerCase() !== networkName) continue;
      const wanted = endpoint.links?.find(({ alias }) => alias.toLowerCase() === name)?.name.toLowerCase() ?? name;
      const holders = this.#networks.get(endpoint.networkId)?.byName.get(wanted);
      if (holders) return { ipv4: [...holders].flatMap(({ ipv4 }) => ipv4 ?? []), ipv6: [...holders].flatMap(({ ipv6 }) => ipv6 ?? []) };
    }
    return undefined;
  }

  #add(holder: Holder): void {
    const { networkId, names } = holder.endpoint;
    const network = this.#networks.get(networkId) ?? { byName: new Map(), byAddress: new Map() };
    this.#networks.set(networkId, network);
    for (const name of names) {
      const key = name.toLowerCase();
      const holders = network.byName.get(key);
      if (holders) holders.add(holder);
      else network.byName.set(key, new Set([holder]));
    }
    for (const address of addressesOf(holder)) network.byAddress.set(address, holder);
  }

  #drop(holder: Holder): void {
    const { networkId, names } = holder.endpoint;
    const network = this.#networks.get(networkId);
    if (!network) return;
    for (const name of names) {
      const key = name.toLowerCase();
      const holders = network.byName.get(key);
      holders?.delete(holder);
      if (holders?.size === 0) network.byName.delete(key);
    }
    // An address may have been given to another meanwhile.
    for (const address of addressesOf(holder)) if (network.byAddress.get(address) === holder) network.byAddress.delete(address);
    if (network.byName.size === 0 && network.byAddress.size === 0) this.#networks.delete(networkId);
  }
}

const bytesOf = (address: string): Uint8Array | undefined => (address === "" ? undefined : addressBytes(address));
const addressesOf = ({ ipv4, ipv6 }: Holder): string[] => [ipv4, ipv6].flatMap((bytes) => (bytes ? addressText(bytes) : []));
