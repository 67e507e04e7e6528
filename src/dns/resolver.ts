import { BlockList, isIPv6 } from "node:net";
import { messageOf } from "../base/mod.ts";
import { announceGatewayBatch, Rtnetlink } from "../linux/mod.ts";
import { failure, refusal, udpBytes } from "./answer.ts";
import { DNS_PORT } from "./exchange.ts";
import { Forwarder, type Transport } from "./forward.ts";
import { listen, type Listener } from "./listener.ts";
import { MAX_MESSAGE_BYTES, parseQuery, RCODE } from "./message.ts";
import { Names, type NamedContainer } from "./names.ts";
import { forgetRedirect, inputWarnings, redirectTo, setupRedirect } from "./redirect.ts";
import { resolveOwn } from "./resolve.ts";
import { resolverServers } from "./servers.ts";

export interface ResolverOptions {
  /** Of the engine's nftables table, after which the resolver's own is called. */
  readonly table: string;
  /** Text of the host's resolv.conf, as it is now. */
  readonly hostResolvConf: () => string;
  readonly log: (sentence: string) => void;
  readonly forwarder?: Pick<Forwarder, "forward">;
}

export interface ServedNetwork {
  readonly id: string;
  readonly bridge: string;
  /** An address of the host on the bridge. */
  readonly gateway: string;
}

const HOST_FILE_IS_NEW_MS = 1000;
/** Where another program has the usual port. Below 1024, so that no user of the host can be there first. */
const OTHER_PORTS = [1011, 1012, 1013, 1014];

/**
 * Answers containers by the names of those they share a network with, and carries all else to other servers.
 * `serve` → (`set` | `remove`)* → `unserve`; the address a question comes from tells whose it is, and others get no answer.
 */
export class Resolver implements AsyncDisposable {
  readonly #options: ResolverOptions;
  readonly #names = new Names();
  readonly #forwarder: Pick<Forwarder, "forward">;
  readonly #listeners = new Map<string, Promise<Listener | undefined>>();
  #redirect: Promise<void> | undefined;
  /** Of networks on whose usual port another program listens. */
  readonly #otherPorts = new Map<string, { readonly bridge: string; readonly port: number }>();
  #warned = false;
  #host: { readonly servers: readonly string[]; readonly readAt: number } | undefined;

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#forwarder = options.forwarder ?? new Forwarder();
  }

  /** Who a container is to others, from now on. */
  set(container: NamedContainer): void {
    this.#names.set(container);
  }

  remove(containerId: string): void {
    this.#names.remove(containerId);
  }

  /** Makes the rules that all networks share, so that the first of them does not wait; a failure is the first network's to tell. */
  prepare(): void {
    (this.#redirect ??= setupRedirect(this.#options.table)).catch(() => (this.#redirect = undefined));
  }

  /** Listens on the network's gateway. One that cannot be listened on is told to the operator: its containers run, without names. */
  async serve(network: ServedNetwork): Promise<void> {
    const opened = this.#listeners.get(network.id) ?? this.#open(network);
    this.#listeners.set(network.id, opened);
    await opened;
  }

  /** Makes the rules anew, for somebody may have emptied the host's firewall. */
  async restore(): Promise<void> {
    // The next network makes them.
    if (this.#listeners.size === 0) return void (this.#redirect = undefined);
    await setupRedirect(this.#options.table);
    for (const { bridge, port } of this.#otherPorts.values()) await redirectTo(this.#options.table, bridge, port);
  }

  async unserve(networkId: string): Promise<void> {
    const other = this.#otherPorts.get(networkId);
    this.#otherPorts.delete(networkId);
    await this.#close(networkId);
    if (other) await forgetRedirect(this.#options.table, other.bridge).catch((error: unknown) => this.#options.log(`the element of ${other.bridge} could not be removed: ${messageOf(error)}, ignoring`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Questions still go to the ports where the next engine listens.
    await Promise.all([...this.#listeners.keys()].map((id) => this.#close(id)));
  }

  async #close(networkId: string): Promise<void> {
    const opened = this.#listeners.get(networkId);
    this.#listeners.delete(networkId);
    await (await opened)?.[Symbol.asyncDispose]();
  }

  async #open(network: ServedNetwork): Promise<Listener | undefined> {
    try {
      await (this.#redirect ??= setupRedirect(this.#options.table));
      announceGateway(network.bridge);
      const listener = await this.#listen(network);
      this.#warnOnce(network.bridge);
      return listener;
    } catch (error) {
      this.#listeners.delete(network.id);
      this.#redirect = undefined;
      this.#options.log(`containers on ${network.bridge} have no resolver: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Looks at the host's other firewall tables, which takes a process: nobody waits for it. */
  #warnOnce(bridge: string): void {
    if (this.#warned) return;
    this.#warned = true;
    inputWarnings(bridge).then(
      (sentences) => sentences.forEach((sentence) => this.#options.log(sentence)),
      (error: unknown) => this.#options.log(`the host's firewall could not be read: ${messageOf(error)}, ignoring`),
    );
  }

  async #listen({ id, bridge, gateway }: ServedNetwork): Promise<Listener> {
    const answer = (message: Buffer, from: string, transport: Transport): Buffer | undefined | Promise<Buffer> => this.#answer(id, message, from, transport);
    for (const port of [DNS_PORT, ...OTHER_PORTS])
      try {
        const listener = await listen(gateway, port, answer);
        if (port === DNS_PORT) return listener;
        this.#otherPorts.set(id, { bridge, port });
        await redirectTo(this.#options.table, bridge, port);
        return listener;
      } catch (error) {
        if (!isInUse(error) || port === OTHER_PORTS.at(-1)) throw error;
      }
    throw new Error("no port is free");
  }

  #answer(networkId: string, message: Buffer, from: string, transport: Transport): Buffer | undefined | Promise<Buffer> {
    const asker = this.#names.asker(networkId, from);
    if (!asker) return undefined;
    const query = parseQuery(message);
    if (!query) return undefined;
    if ("refuse" in query) return refusal(query.bytes, query.refuse);
    const own = resolveOwn(this.#names, asker, query, transport === "udp" ? udpBytes(query) : MAX_MESSAGE_BYTES);
    if (own) return own;
    const servers = this.#serversOf(asker);
    if (servers.length === 0) return failure(query, RCODE.SERVFAIL);
    return this.#forwarder.forward(query, { asker: asker.containerId, servers, transport, maxBytes: transport === "udp" ? (query.ednsBytes ?? 512) : MAX_MESSAGE_BYTES });
  }

  /** Who reaches nothing outside of its networks must not either through us. */
  #serversOf({ servers, confinedTo }: NamedContainer): readonly string[] {
    const wanted = servers.length > 0 ? servers : this.#hostServers();
    if (!confinedTo) return wanted;
    const reached = new BlockList();
    for (const cidr of confinedTo) {
      const [base = "", prefix] = cidr.split("/");
      reached.addSubnet(base, Number(prefix), isIPv6(base) ? "ipv6" : "ipv4");
    }
    return wanted.filter((server) => !server.includes("%") && reached.check(server, isIPv6(server) ? "ipv6" : "ipv4"));
  }

  #hostServers(): readonly string[] {
    const now = Date.now();
    if (!this.#host || now - this.#host.readAt >= HOST_FILE_IS_NEW_MS) this.#host = { servers: resolverServers(this.#options.hostResolvConf()), readAt: now };
    return this.#host.servers;
  }
}

/** A message of a network's creation, not of a container's. */
function announceGateway(bridge: string): void {
  using rtnl = new Rtnetlink();
  rtnl.apply(announceGatewayBatch(bridge));
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}

export function openResolver(options: ResolverOptions): Resolver {
  return new Resolver(options);
}
