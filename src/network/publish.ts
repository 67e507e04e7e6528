import type { Database } from "bun:sqlite";
import { setImmediate } from "node:timers/promises";
import { EngineError, messageOf } from "../base/mod.ts";
import { closeFd, ephemeralPorts, FlowTable, getSysctl, hairpinBatch, hasCode, holdPort, NftElements, setSysctl, type ElementChange, type Rtnetlink } from "../linux/mod.ts";
import type { ReachWay } from "../spec/mod.ts";
import { choosePort, holdOne, inOrder, type HeldPort } from "./publish-choose.ts";
import { PortNumbers } from "./publish-numbers.ts";
import { holdSocket, relayPort, type Hold } from "./publish-relay.ts";
import { relayDatagrams } from "./publish-relay-udp.ts";
import { publishElements, publishRules } from "./publish-rules.ts";
import { PublishStore } from "./publish-store.ts";
import { familyOfHost, isIPv6, isRouted, isTranslated, type PortWish, type Publication, type PublishedPort, type PublishTarget } from "./publish-types.ts";

export interface PublisherOptions {
  readonly db: Database;
  /** Name of the engine's nftables table. */
  readonly table: string;
  /** False: the engine makes no rules, and passes bytes on by itself. */
  readonly firewall: boolean;
  /** False: nor of IPv6 alone. */
  readonly firewallIPv6: boolean;
  /** Where ports are published that name no address; "": on all. */
  readonly address: string;
  /** False: IPv6 ports of containers without IPv6 are not published. */
  readonly relays: boolean;
  /** Of the host's network namespace. */
  readonly rtnl: Pick<Rtnetlink, "apply">;
  /** Makes the engine's tables anew, with `rules` in them. */
  readonly restore: () => Promise<void>;
  /** One sentence for the operator. */
  readonly log: (sentence: string) => void;
}

/** The kernel answers every change, and has room for so many answers. */
const CHANGES_AT_ONCE = 100;

/**
 * Ports of the host that lead to containers. What leads there are elements of the kernel's tables: they go on without this process.
 * `setup` → (`publish` → the container runs → `unpublish`)*
 */
export class Publisher implements Disposable {
  readonly #options: PublisherOptions;
  readonly #store: PublishStore;
  readonly #numbers = new PortNumbers();
  readonly #holds = new Map<string, Map<string, Hold>>();
  readonly #elements: NftElements;
  readonly #flows: FlowTable;
  #hostHasIPv6 = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#store = new PublishStore(options.db);
    this.#elements = new NftElements(options.table);
    this.#flows = new FlowTable();
  }

  /** Leaves what the kernel leads where it is. */
  [Symbol.dispose](): void {
    for (const holds of this.#holds.values()) for (const hold of holds.values()) hold.release();
    this.#holds.clear();
    this.#elements[Symbol.dispose]();
    this.#flows[Symbol.dispose]();
  }

  /** Rules, and the elements that the store says: part of the engine's table, so that ports stay published when it is made anew. */
  rules(): string {
    return publishRules({ table: this.#options.table, ipv6: this.#options.firewallIPv6 }, this.#store.all());
  }

  /** Takes the ports that the store says. The rules are in the kernel. */
  setup(): void {
    this.#hostHasIPv6 = canListenIPv6();
    for (const publication of this.#store.all()) this.#takeUp(publication);
  }

  /**
   * Adds to what is published of a container. Done when this returns; a port that is not to be had leaves nothing changed.
   * @throws EngineError Conflict, InvalidParameter, System, in Docker's words
   */
  async publish(containerId: string, target: PublishTarget, wishes: readonly PortWish[]): Promise<readonly PublishedPort[]> {
    const before = this.#store.get(containerId);
    using undo = new DisposableStack();
    const chosen: HeldPort[] = [];
    const ephemeral = ephemeralPorts();
    for (const [at, wish] of inOrder(wishes).entries()) {
      // Ranges may hold every port there is: others have their turn in between.
      if (at > 0 && at % CHANGES_AT_ONCE === 0) await setImmediate();
      const hostIps = this.#hostIpsOf(wish, target);
      const translated = hostIps.filter((hostIp) => !target.routed?.includes(familyOfHost({ hostIp })));
      const routed = routedPorts(wish, hostIps.filter((hostIp) => !translated.includes(hostIp))).filter((port) => !isAmong(port, [...(before?.ports ?? []), ...chosen.map((held) => held.port)]));
      chosen.push(...routed.map((port) => ({ port, hold: NOTHING_HELD })));
      if (translated.length === 0) continue;
      for (const held of choosePort(this.#numbers, { wish, hostIps: translated, target, ephemeral }, (port) => this.#hold(port, target))) {
        this.#numbers.take(held.port);
        undo.defer(() => this.#numbers.give(held.port));
        undo.defer(() => held.hold.release());
        chosen.push(held);
      }
    }
    if (chosen.length === 0) return [];
    const added: Publication = { containerId, target, ports: chosen.map(({ port }) => port) };
    // The row first: what it says is taken back by whoever finds it.
    this.#store.put({ ...added, ports: [...(before?.ports ?? []), ...added.ports] });
    undo.defer(() => (before ? this.#store.put(before) : this.#store.delete(containerId)));
    this.#admitLoopback(target);
    await this.#addElements(added);
    undo.move();
    for (const { port, hold } of chosen) this.#keep(containerId, port, hold);
    this.#forgetFlows(added, "begun before");
    return added.ports;
  }

  /** Of a container that has none it is done. */
  unpublish(containerId: string): void {
    const publication = this.#store.get(containerId);
    if (publication) this.#withdraw(publication, publication.ports);
  }

  /** Takes back some of the ports of a container. */
  withdraw(containerId: string, ports: readonly PublishedPort[]): void {
    const publication = this.#store.get(containerId);
    if (publication) this.#withdraw(publication, ports);
  }

  /** For a container whose link is there already: it reaches itself through a port that it publishes. */
  letReachItself(hostIndex: number): void {
    if (getSysctl("net.bridge.bridge-nf-call-iptables") === "1") this.#options.rtnl.apply(hairpinBatch(hostIndex));
  }

  /** Where each published port comes from, leads to, and by what. */
  ways(containerId: string): { readonly containerPort: string; readonly way: ReachWay }[] {
    const publication = this.#store.get(containerId);
    return publication ? publication.ports.map((port) => ({ containerPort: `${port.containerPort}/${port.protocol}`, way: this.#wayOf(port, publication.target) })) : [];
  }

  /** The same ports lead to another address of the container. */
  async retarget(containerId: string, target: PublishTarget): Promise<void> {
    const before = this.#store.get(containerId);
    if (!before || JSON.stringify(before.target) === JSON.stringify(target)) return;
    const after = { ...before, target };
    this.#letGo(before);
    this.#store.put(after);
    this.#takeUp(after);
    await this.#addElements(after);
    this.#forgetFlows(after, "begun before");
  }

  published(containerId: string): readonly PublishedPort[] {
    return this.#store.get(containerId)?.ports ?? [];
  }

  /** Takes back what belongs to no live container. */
  sweep(liveIds: ReadonlySet<string>): void {
    for (const { containerId } of this.#store.all()) if (!liveIds.has(containerId)) this.unpublish(containerId);
  }

  /** Of a port that a program of the host has meanwhile, the packets still go to the container. */
  #takeUp({ containerId, target, ports }: Publication): void {
    this.#admitLoopback(target);
    for (const port of ports) {
      if (isRouted(port)) continue;
      this.#numbers.take(port);
      try {
        this.#keep(containerId, port, holdOne(port, target, (one) => this.#hold(one, target)));
      } catch (error) {
        this.#options.log(`container ${containerId}: ${messageOf(error)}, ignoring; packets from elsewhere still go to the container`);
      }
    }
  }

  #withdraw({ containerId, target, ports }: Publication, gone: readonly PublishedPort[]): void {
    const names = new Set(gone.map(portName));
    const removed = { containerId, target, ports: ports.filter((port) => names.has(portName(port))) };
    const left = ports.filter((port) => !names.has(portName(port)));
    this.#letGo(removed);
    // The row last: a crash before finds it again.
    if (left.length > 0) return this.#keepRest({ containerId, target, ports: left });
    this.#holds.delete(containerId);
    this.#store.delete(containerId);
  }

  #keepRest(publication: Publication): void {
    // Two ports of the host may have led to one of the container's, which is reached at its own address as long as one is left.
    if (this.#options.firewall && publication.target.direct?.length) for (const changes of inChunks(publishElements(publication))) this.#elements.add(changes);
    this.#store.put(publication);
  }

  /** All but the row. */
  #letGo(publication: Publication): void {
    const { containerId, ports } = publication;
    if (this.#options.firewall) for (const changes of inChunks(publishElements(publication))) this.#elements.delete(changes);
    this.#forgetFlows(publication, "after");
    for (const port of ports) {
      this.#holds.get(containerId)?.get(portName(port))?.release();
      this.#holds.get(containerId)?.delete(portName(port));
      if (!isRouted(port)) this.#numbers.give(port);
    }
  }

  async #addElements(publication: Publication): Promise<void> {
    if (!this.#options.firewall) return;
    const changes = publishElements(publication);
    try {
      for (const [at, chunk] of inChunks(changes).entries()) {
        if (at > 0) await setImmediate();
        this.#elements.add(chunk);
      }
    } catch (error) {
      if (!hasCode(error, "ENOENT")) {
        for (const chunk of inChunks(changes)) this.#elements.delete(chunk);
        throw new EngineError("System", `the ports could not be published: ${messageOf(error)}`, { cause: error });
      }
      this.#options.log(`the firewall table ${this.#options.table} was removed by another program: it is made anew`);
      await this.#options.restore();
    }
  }

  #keep(containerId: string, port: PublishedPort, hold: Hold): void {
    const holds = this.#holds.get(containerId) ?? new Map<string, Hold>();
    this.#holds.set(containerId, holds);
    holds.set(portName(port), hold);
  }

  /** @throws Error with the code of bind(2) or listen(2) */
  #hold(port: PublishedPort, target: PublishTarget): Hold {
    const { protocol, hostIp, hostPort, containerPort } = port;
    // Of all IPv6 addresses the kernel cannot lead ::1.
    const reachesAll = this.#isTranslated(port, target) && !(hostIp === "::" && this.#options.relays);
    if (protocol === "sctp" || reachesAll) return holdSocket(protocol, hostIp, hostPort);
    const relay = protocol === "udp" ? relayDatagrams : relayPort;
    return relay(hostIp, hostPort, { address: isIPv6(hostIp) && target.ip6 !== "" ? target.ip6 : target.ip, port: containerPort });
  }

  #wayOf(port: PublishedPort, target: PublishTarget): ReachWay {
    const inside = isIPv6(port.hostIp) && target.ip6 !== "" ? target.ip6 : target.ip;
    const way = { HostIp: port.hostIp, HostPort: port.hostPort, Target: `${isIPv6(inside) ? `[${inside}]` : inside}:${port.containerPort}` };
    const [element] = isRouted(port) || this.#isTranslated(port, target) ? publishElements({ containerId: "", target, ports: [port] }) : [];
    if (element) return { ...way, By: "kernel", Element: `inet ${this.#options.table} ${element.set} { ${[element.key.text, ...(element.value ? [element.value.text] : [])].join(" : ")} }` };
    return { ...way, By: port.protocol === "sctp" ? "nobody" : "engine", Element: "" };
  }

  #isTranslated(port: PublishedPort, target: PublishTarget): boolean {
    return this.#options.firewall && (this.#options.firewallIPv6 || !isIPv6(port.hostIp)) && isTranslated(port, target);
  }

  #forgetFlows({ target, ports }: Publication, which: "begun before" | "after"): void {
    for (const { protocol, hostIp, hostPort, containerPort } of ports) {
      if (protocol !== "udp" || hostPort === 0) continue;
      const address = isIPv6(hostIp) ? target.ip6 : target.ip;
      if (which === "begun before") this.#flows.forgetTo(isIPv6(hostIp) ? 6 : 4, hostPort);
      else if (address !== "") this.#flows.forgetFrom(address, containerPort);
    }
  }

  /** Packets from 127.0.0.1 leave over the bridge, and their answers come in. */
  #admitLoopback({ bridge }: PublishTarget): void {
    const name = `net/ipv4/conf/${bridge}/route_localnet`;
    if (this.#options.firewall && bridge !== "" && getSysctl(name) === "0") setSysctl(name, "1");
  }

  /** No address asked for: all of both families, as far as something leads from there. */
  #hostIpsOf({ hostIp: asked, protocol }: PortWish, target: PublishTarget): string[] {
    const hostIp = asked || this.#options.address;
    const six = target.ip6 !== "" || (this.#options.relays && protocol !== "sctp" && !target.routed?.includes(6));
    if (hostIp === "") return [...(target.ip === "" ? [] : ["0.0.0.0"]), ...(six && this.#hostHasIPv6 ? ["::"] : [])];
    return [hostIp];
  }
}

const NOTHING_HELD: Hold = { release: () => undefined };

/** Reached at the container's own address: of the host's nothing is taken, whatever number was asked for. */
function routedPorts({ protocol, containerPort }: PortWish, hostIps: readonly string[]): PublishedPort[] {
  const families = new Set(hostIps.map((hostIp) => familyOfHost({ hostIp })));
  return [...families].map((family) => ({ protocol, containerPort, hostIp: family === 6 ? "::" : "0.0.0.0", hostPort: 0 }));
}

const isAmong = (port: PublishedPort, others: readonly PublishedPort[]): boolean => others.some((other) => portName(other) === portName(port));

function portName({ protocol, hostIp, hostPort, containerPort }: PublishedPort): string {
  return `${hostIp} ${hostPort} ${containerPort}/${protocol}`;
}

function inChunks(changes: readonly ElementChange[]): ElementChange[][] {
  return Array.from({ length: Math.ceil(changes.length / CHANGES_AT_ONCE) }, (_, index) => changes.slice(index * CHANGES_AT_ONCE, (index + 1) * CHANGES_AT_ONCE));
}

function canListenIPv6(): boolean {
  try {
    closeFd(holdPort("tcp", "::1", 0));
    return true;
  } catch {
    return false;
  }
}
