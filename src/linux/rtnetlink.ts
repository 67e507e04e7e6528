import { write } from "node:fs";
import { promisify } from "node:util";
import { tryCall, call } from "./call.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { addressBytes, addressText, macBytes, macText } from "./ip-address.ts";
import { attributesOf, IFA, IFF_UP, IFLA, NetlinkWriter, NLM_F, NLMSG, RTA, RTM, splitMessages, type NetlinkMessage } from "./netlink-message.ts";
import { AF, SOCK, socketInNamespace } from "./sockets.ts";

const writeFd = promisify<number, Uint8Array, unknown>(write);
const MSG_DONTWAIT = 0x40;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const NETLINK_CAP_ACK = 10;
const RECEIVE_BYTES = 64 * 1024;
const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;
const RTPROT_BOOT = 3;
const RT_SCOPE_LINK = 253;
const RTN_UNICAST = 1;

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly mac: string;
  readonly mtu: number;
  /** Index of the bridge it belongs to, or 0. */
  readonly master: number;
  /** `bridge`, `veth` …; undefined for a physical one. */
  readonly kind: string | undefined;
  /** Free text that somebody has put there, or "". */
  readonly alias: string;
}

export interface InterfaceAddress {
  readonly index: number;
  readonly address: string;
  readonly prefix: number;
}

/** `destination` 0.0.0.0 or :: with prefix 0 is a default route. */
export interface Route {
  readonly destination: string;
  readonly prefix: number;
  readonly gateway: string | undefined;
  readonly index: number;
}

export interface InterfaceCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/**
 * A kept NETLINK_ROUTE socket; every call is one round trip into the kernel (about 10 µs) and synchronous. It belongs to the network
 * namespace of this process, or to the one given.
 * @throws SyscallError from every method
 */
export class Rtnetlink implements Disposable {
  readonly #socket: number;
  readonly #open: () => number;
  #sequence = 0;
  readonly #buffer = new Uint8Array(RECEIVE_BYTES);

  /** @param namespaceFd stays open for as long as `deleteLinkLater` is called */
  constructor(namespaceFd?: number) {
    this.#open = () => (namespaceFd === undefined ? call("socket", AF.NETLINK, SOCK.RAW | SOCK.CLOEXEC, NETLINK_ROUTE) : socketInNamespace(namespaceFd, AF.NETLINK, SOCK.RAW, NETLINK_ROUTE));
    this.#socket = this.#open();
    const one = new Uint8Array([1, 0, 0, 0]);
    tryCall("setsockopt", this.#socket, SOL_NETLINK, NETLINK_CAP_ACK, one, one.length);
    tryCall("setsockopt", this.#socket, SOL_NETLINK, NETLINK_EXT_ACK, one, one.length);
  }

  [Symbol.dispose](): void {
    tryCall("close", this.#socket);
  }

  /** Undefined when there is none of that name. */
  link(name: string): Link | undefined {
    const message = this.#message(RTM.GETLINK, 0);
    message.ifinfo({});
    message.text(IFLA.IFNAME, name);
    const [answer] = this.#ask(message, "link", name, ["ENODEV"]);
    return answer && linkOf(answer);
  }

  links(): Link[] {
    const message = this.#message(RTM.GETLINK, NLM_F.DUMP);
    message.ifinfo({});
    return this.#ask(message, "links").map(linkOf);
  }

  /** Of every interface, by its index, in one dump. */
  counters(): Map<number, InterfaceCounters> {
    const message = this.#message(RTM.GETSTATS, NLM_F.DUMP);
    message.raw([AF_UNSPEC, 0, 0, 0, 0, 0, 0, 0, IFLA_STATS_LINK_64, 0, 0, 0]);
    return new Map(this.#ask(message, "counters").map(countersOf));
  }

  /** The new bridge's index. */
  createBridge(name: string, { mac, mtu }: { mac?: string; mtu?: number } = {}): number {
    const message = this.#message(RTM.NEWLINK, NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK);
    message.ifinfo({});
    message.text(IFLA.IFNAME, name);
    if (mac !== undefined) message.attribute(IFLA.ADDRESS, macBytes(mac));
    if (mtu !== undefined) message.u32(IFLA.MTU, mtu);
    message.nested(IFLA.LINKINFO, () => message.text(IFLA.INFO_KIND, "bridge"));
    this.#ask(message, "create bridge", name);
    const created = this.link(name);
    if (!created) throw new SyscallError("create bridge", 19, name);
    return created.index;
  }

  setUp(index: number): void {
    this.#setFlags(index, IFF_UP);
  }

  setDown(index: number): void {
    this.#setFlags(index, 0);
  }

  setMaster(index: number, master: number): void {
    const message = this.#message(RTM.SETLINK, NLM_F.ACK);
    message.ifinfo({ index });
    message.u32(IFLA.MASTER, master);
    this.#ask(message, "set master", `interface ${index}`);
  }

  setAlias(index: number, alias: string): void {
    const message = this.#message(RTM.SETLINK, NLM_F.ACK);
    message.ifinfo({ index });
    message.text(IFLA.IFALIAS, alias);
    this.#ask(message, "set alias", `interface ${index}`);
  }

  /** A VLAN of the parent, and its index; one of that name that is there already is done. */
  createVlan(name: string, parent: number, id: number): number {
    const message = this.#message(RTM.NEWLINK, NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK);
    message.ifinfo({ flags: IFF_UP, change: IFF_UP });
    message.text(IFLA.IFNAME, name);
    message.u32(IFLA.LINK, parent);
    message.nested(IFLA.LINKINFO, () => {
      message.text(IFLA.INFO_KIND, "vlan");
      message.nested(IFLA.INFO_DATA, () => message.attribute(IFLA.VLAN_ID, [id & 0xff, id >> 8]));
    });
    this.#ask(message, "create vlan", name);
    const created = this.link(name);
    if (!created) throw new SyscallError("create vlan", 19, name);
    return created.index;
  }

  /** A macvlan or ipvlan, in its kernel's default mode. */
  createSubInterface(name: string, kind: "macvlan" | "ipvlan", parent: number): void {
    const message = this.#message(RTM.NEWLINK, NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK);
    message.ifinfo({});
    message.text(IFLA.IFNAME, name);
    message.u32(IFLA.LINK, parent);
    message.nested(IFLA.LINKINFO, () => message.text(IFLA.INFO_KIND, kind));
    this.#ask(message, `create ${kind}`, name);
  }

  /** `cidr` like 172.17.0.1/16; one that is there already is done. */
  addAddress(index: number, cidr: string): void {
    const { address, prefix } = splitCidr(cidr);
    const message = this.#message(RTM.NEWADDR, NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK);
    writeAddress(message, index, address, prefix);
    this.#ask(message, "add address", cidr, ["EEXIST"]);
  }

  /** One that is not there is done. */
  removeAddress(index: number, cidr: string): void {
    const { address, prefix } = splitCidr(cidr);
    const message = this.#message(RTM.DELADDR, NLM_F.ACK);
    writeAddress(message, index, address, prefix);
    this.#ask(message, "remove address", cidr, ["EADDRNOTAVAIL"]);
  }

  /** To a subnet on the link; one that is there already is done. */
  addRoute(index: number, cidr: string): void {
    const { address, prefix } = splitCidr(cidr);
    const bytes = addressBytes(address);
    const message = this.#message(RTM.NEWROUTE, NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK);
    message.raw([bytes.length === 4 ? AF_INET : AF_INET6, prefix, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_LINK, RTN_UNICAST, 0, 0, 0, 0]);
    message.attribute(RTA.DST, bytes);
    message.u32(RTA.OIF, index);
    this.#ask(message, "add route", cidr, ["EEXIST"]);
  }

  addresses(index?: number): InterfaceAddress[] {
    const message = this.#message(RTM.GETADDR, NLM_F.DUMP);
    message.raw([AF_UNSPEC, 0, 0, 0, 0, 0, 0, 0]);
    return this.#ask(message, "addresses").map(addressOf).filter((entry) => index === undefined || entry.index === index);
  }

  /** IPv4 and IPv6 routes of the main table. */
  routes(): Route[] {
    return [AF_INET, AF_INET6].flatMap((family) => {
      const message = this.#message(RTM.GETROUTE, NLM_F.DUMP);
      message.raw([family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
      return this.#ask(message, "routes").flatMap((answer) => routeOf(answer) ?? []);
    });
  }

  /** False when there was none. */
  deleteLink(name: string): boolean {
    const message = this.#message(RTM.DELLINK, NLM_F.ACK);
    message.ifinfo({});
    message.text(IFLA.IFNAME, name);
    return this.#ask(message, "delete link", name, ["ENODEV"]) !== NOTHING;
  }

  /** The same without holding up this thread: the kernel waits for all processors to let go of the link (15 to 40 ms). */
  async deleteLinkLater(name: string): Promise<void> {
    const message = this.#message(RTM.DELLINK, NLM_F.ACK);
    message.ifinfo({});
    message.text(IFLA.IFNAME, name);
    message.end();
    // A socket of its own: others ask on ours meanwhile. The kernel does the work within write(2), which a thread of the pool calls.
    const socket = this.#open();
    try {
      await writeFd(socket, message.finish());
      const length = call("recvfrom", socket, this.#buffer, this.#buffer.length, MSG_DONTWAIT, null, null);
      const errno = -(splitMessages(this.#buffer.slice(0, length))[0]?.body.readInt32LE(0) ?? 0);
      if (errno !== 0 && errno !== ERRNO.ENODEV) throw new SyscallError("delete link", errno, name);
    } finally {
      tryCall("close", socket);
    }
  }

  /** Messages that a builder made, each with NLM_F.ACK, as one batch: the kernel does all of it that it can. @throws SyscallError of the first that it refuses */
  apply(messages: Uint8Array): void {
    const parts = splitMessages(messages);
    if (parts.length === 0) return;
    this.#send(messages);
    const failures: unknown[] = [];
    // All answers are taken, or the next caller would have them.
    for (const _ of parts)
      try {
        this.#receive("apply", undefined, undefined, []);
      } catch (error) {
        failures.push(error);
      }
    if (failures.length > 0) throw failures[0];
  }

  #setFlags(index: number, flags: number): void {
    const message = this.#message(RTM.SETLINK, NLM_F.ACK);
    message.ifinfo({ index, flags, change: IFF_UP });
    this.#ask(message, "set link", `interface ${index}`);
  }

  #message(type: number, flags: number): NetlinkWriter {
    const writer = new NetlinkWriter();
    writer.begin(type, flags, ++this.#sequence);
    return writer;
  }

  /** The answers, or NOTHING when the kernel answered one of the errors that count as an answer. */
  #ask(message: NetlinkWriter, what: string, subject?: string, expected: readonly string[] = []): readonly NetlinkMessage[] {
    message.end();
    this.#send(message.finish());
    return this.#receive(what, subject, this.#sequence, expected);
  }

  #send(bytes: Uint8Array): void {
    call("sendto", this.#socket, bytes, bytes.length, 0, null, 0);
  }

  #receive(what: string, subject: string | undefined, sequence: number | undefined, expected: readonly string[]): readonly NetlinkMessage[] {
    const answers: NetlinkMessage[] = [];
    for (;;) {
      const length = call("recvfrom", this.#socket, this.#buffer, this.#buffer.length, 0, null, null);
      for (const message of splitMessages(this.#buffer.slice(0, length))) {
        if (sequence !== undefined && message.sequence !== sequence) continue;
        if (message.type === NLMSG.DONE) return answers;
        if (message.type !== NLMSG.ERROR) {
          answers.push(message);
          continue;
        }
        const errno = -message.body.readInt32LE(0);
        if (errno === 0) return answers;
        const error = new SyscallError(what, errno, subject);
        if (expected.includes(error.code)) return NOTHING;
        throw error;
      }
      // A single object that was asked for comes without an acknowledgement.
      if (answers.length === 1 && answers[0]?.type === RTM.NEWLINK && what === "link") return answers;
    }
  }
}

const NOTHING: readonly NetlinkMessage[] = [];

function linkOf({ body }: NetlinkMessage): Link {
  const attributes = attributesOf(body, 16);
  const info = attributes.get(IFLA.LINKINFO);
  return {
    index: body.readInt32LE(4),
    up: (body.readUInt32LE(8) & IFF_UP) !== 0,
    name: cString(attributes.get(IFLA.IFNAME)) ?? "",
    mac: macText(attributes.get(IFLA.ADDRESS) ?? Buffer.alloc(0)),
    mtu: attributes.get(IFLA.MTU)?.readUInt32LE(0) ?? 0,
    master: attributes.get(IFLA.MASTER)?.readUInt32LE(0) ?? 0,
    kind: info && cString(attributesOf(info, 0).get(IFLA.INFO_KIND)),
    alias: cString(attributes.get(IFLA.IFALIAS)) ?? "",
  };
}

const IFLA_STATS_LINK_64 = 1;

/** struct if_stats_msg, then one attribute with struct rtnl_link_stats64: all fields are 64 bits wide. */
function countersOf({ body }: NetlinkMessage): [index: number, InterfaceCounters] {
  const stats = attributesOf(body, 12).get(IFLA_STATS_LINK_64);
  const field = (number: number): number => (stats && stats.length >= (number + 1) * 8 ? stats.readUInt32LE(number * 8) + stats.readUInt32LE(number * 8 + 4) * 2 ** 32 : 0);
  return [
    body.readInt32LE(4),
    { rxPackets: field(0), txPackets: field(1), rxBytes: field(2), txBytes: field(3), rxErrors: field(4), txErrors: field(5), rxDropped: field(6), txDropped: field(7) },
  ];
}

function cString(bytes: Buffer | undefined): string | undefined {
  return bytes?.toString("utf8").replace(/\0.*$/s, "");
}

function addressOf({ body }: NetlinkMessage): InterfaceAddress {
  const attributes = attributesOf(body, 8);
  const address = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS) ?? Buffer.alloc(4);
  return { index: body.readUInt32LE(4), prefix: body.readUInt8(1), address: addressText(address) };
}

const RT_TABLE_MAIN = 254;

function routeOf({ body }: NetlinkMessage): Route | undefined {
  if (body.readUInt8(4) !== RT_TABLE_MAIN) return undefined;
  const attributes = attributesOf(body, 12);
  const any = body.readUInt8(0) === AF_INET ? "0.0.0.0" : "::";
  const [destination, gateway] = [attributes.get(RTA.DST), attributes.get(RTA.GATEWAY)];
  return { destination: destination ? addressText(destination) : any, prefix: body.readUInt8(1), gateway: gateway && addressText(gateway), index: attributes.get(RTA.OIF)?.readUInt32LE(0) ?? 0 };
}

export function splitCidr(cidr: string): { address: string; prefix: number } {
  const [address = "", prefix] = cidr.split("/");
  return { address, prefix: prefix === undefined ? addressBytes(address).length * 8 : Number(prefix) };
}

/** struct ifaddrmsg with its attributes. IPv6 without duplicate address detection: the address is ours alone and must serve at once. */
export function writeAddress(message: NetlinkWriter, index: number, address: string, prefix: number): void {
  const bytes = addressBytes(address);
  const v4 = bytes.length === 4;
  const IFA_F_NODAD = 2;
  message.raw([v4 ? AF_INET : AF_INET6, prefix, v4 ? 0 : IFA_F_NODAD, 0, index & 0xff, (index >> 8) & 0xff, (index >> 16) & 0xff, (index >> 24) & 0xff]);
  message.attribute(IFA.LOCAL, bytes);
  message.attribute(IFA.ADDRESS, bytes);
  if (v4 && prefix < 31) message.attribute(IFA.BROADCAST, broadcast(bytes, prefix));
}

function broadcast(address: Uint8Array, prefix: number): Uint8Array {
  return address.map((byte, index) => byte | (0xff >> Math.min(Math.max(prefix - index * 8, 0), 8)));
}
