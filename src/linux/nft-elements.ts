/** Elements of nftables sets and maps, over netlink: no process, one transaction per call. */
import { call, tryCall } from "./call.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { addressBytes, macBytes } from "./ip-address.ts";
import { NetlinkWriter, NLM_F, NLMSG, splitMessages } from "./netlink-message.ts";
import type { NftFamily } from "./nftables.ts";
import { AF, SOCK } from "./sockets.ts";

/** One key, or one value of a map: as nft(8) writes it, and as the kernel has it. `end`: the last of a range. */
export interface ElementKey {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly end?: Uint8Array;
  readonly joined?: boolean;
}

export interface ElementChange {
  readonly family: NftFamily;
  readonly set: string;
  readonly key: ElementKey;
  /** The value, in a map. */
  readonly value?: ElementKey;
}

const INTERFACE_BYTES = 16;

export function interfaceKey(name: string): ElementKey {
  const bytes = new Uint8Array(INTERFACE_BYTES);
  bytes.set(Buffer.from(name));
  return { text: JSON.stringify(name), bytes };
}

/** Interfaces of a group. Not for a set of ranges, where numbers lie the other way round. */
export function groupKey(group: number): ElementKey {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, group, true);
  return { text: String(group), bytes };
}

const NFPROTO = { 4: 2, 6: 10 } as const;

export function protocolFamilyKey(family: 4 | 6): ElementKey {
  return { text: `ipv${family}`, bytes: Uint8Array.of(NFPROTO[family]) };
}

/** An interface by its number, which nobody else may have. Not for a set of ranges. */
export const indexKey = groupKey;

export function macKey(mac: string): ElementKey {
  return { text: mac, bytes: macBytes(mac) };
}

export function addressKey(address: string): ElementKey {
  return { text: address, bytes: addressBytes(address) };
}

/** An address in a field that nft(8) knows as a number. */
export function numberKey(address: string): ElementKey {
  const bytes = addressBytes(address);
  return { text: `0x${Buffer.from(bytes).toString("hex")}`, bytes };
}

/** Every address of `base/prefix`. */
export function subnetKey(cidr: string): ElementKey {
  const [base = "", prefix = "0"] = cidr.split("/");
  const bytes = addressBytes(base);
  const end = bytes.map((byte, index) => byte | (0xff >> Math.min(Math.max(Number(prefix) - index * 8, 0), 8)));
  return { text: cidr, bytes, end };
}

/** A key of several fields, each of which takes whole words. */
export function joinKeys(...keys: readonly ElementKey[]): ElementKey {
  const join = (pick: (key: ElementKey) => Uint8Array): Uint8Array => Buffer.concat(keys.map((key) => padded(pick(key))));
  const ranged = keys.some(({ end }) => end !== undefined);
  return { text: keys.map(({ text }) => text).join(" . "), bytes: join(({ bytes }) => bytes), joined: true, ...(ranged && { end: join(({ bytes, end }) => end ?? bytes) }) };
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array((bytes.length + 3) & ~3);
  whole.set(bytes);
  return whole;
}

const NETLINK_NETFILTER = 12;
const SUBSYSTEM = 10;
const BATCH = { BEGIN: 0x10, END: 0x11 } as const;
const NFT_MSG = { add: (SUBSYSTEM << 8) | 12, delete: (SUBSYSTEM << 8) | 14 } as const;
const FAMILIES: Readonly<Record<NftFamily, number>> = { inet: 1, ip: 2, bridge: 7, ip6: 10 };
const LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 } as const;
const LIST_ELEM = 1;
const ELEM = { KEY: 1, DATA: 2, FLAGS: 3, KEY_END: 10 } as const;
const DATA_VALUE = 1;
const INTERVAL_END = [0, 0, 0, 1];
const NESTED = 0x8000;
const MSG_DONTWAIT = 0x40;
const ANSWER_BYTES = 64 * 1024;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;

/** A kept socket in this process's network namespace, and a table's name that all families share. */
export class NftElements implements Disposable {
  readonly #socket: number;
  readonly #table: string;
  readonly #answer = new Uint8Array(ANSWER_BYTES);
  #sequence = 1;

  constructor(table: string) {
    this.#table = table;
    this.#socket = call("socket", AF.NETLINK, SOCK.RAW | SOCK.CLOEXEC, NETLINK_NETFILTER);
    const one = new Uint8Array([1, 0, 0, 0]);
    tryCall("setsockopt", this.#socket, SOL_NETLINK, NETLINK_CAP_ACK, one, one.length);
  }

  [Symbol.dispose](): void {
    tryCall("close", this.#socket);
  }

  /** One that is there already is done. @throws SyscallError; then none was added */
  add(changes: readonly ElementChange[]): void {
    this.replace([], changes);
  }

  /** Takes some away, of which any may not be there, and then adds. @throws SyscallError; then none was added */
  replace(gone: readonly ElementChange[], changes: readonly ElementChange[]): void {
    if (gone.length + changes.length === 0) return;
    try {
      this.#transact(gone, changes);
    } catch (error) {
      if (gone.length === 0 || !(error instanceof SyscallError) || error.code !== "ENOENT") throw error;
      this.delete(gone);
      this.add(changes);
    }
  }

  /** One that is not there is done. @throws SyscallError */
  delete(changes: readonly ElementChange[]): void {
    if (changes.length === 0) return;
    try {
      this.#transact(changes, []);
    } catch (error) {
      if (!(error instanceof SyscallError) || error.code !== "ENOENT") throw error;
      if (changes.length > 1) for (const change of changes) this.delete([change]);
    }
  }

  /** All or none of it. */
  #transact(gone: readonly ElementChange[], added: readonly ElementChange[]): void {
    const message = new NetlinkWriter();
    const first = this.#sequence;
    this.#begin(message, BATCH.BEGIN, 0, 0, SUBSYSTEM);
    message.end();
    for (const change of gone) this.#element(message, "delete", change);
    for (const change of added) this.#element(message, "add", change);
    this.#begin(message, BATCH.END, 0, 0, SUBSYSTEM);
    message.end();
    const bytes = message.finish();
    // The kernel is done when this returns, and has put an answer on the socket for each change that it refuses; for the others none is asked for.
    call("sendto", this.#socket, bytes, bytes.length, 0, null, 0);
    this.#requireSilence(`nft ${added.length > 0 ? "add" : "delete"} element`, first);
  }

  #begin(message: NetlinkWriter, type: number, flags: number, family: number, resource = 0): void {
    message.begin(type, flags, this.#sequence++);
    message.raw([family, 0, resource >> 8, resource & 0xff]);
  }

  #element(message: NetlinkWriter, kind: "add" | "delete", { family, set, key, value }: ElementChange): void {
    this.#begin(message, NFT_MSG[kind], kind === "add" ? NLM_F.CREATE : 0, FAMILIES[family]);
    message.text(LIST.TABLE, this.#table);
    message.text(LIST.SET, set);
    message.nested(LIST.ELEMENTS | NESTED, () => {
      // Two fields and more hold both ends in one element, a single one has an element for each.
      const joined = key.end !== undefined && key.joined === true;
      message.nested(LIST_ELEM | NESTED, () => {
        writeData(message, ELEM.KEY, key.bytes);
        if (key.end && joined) writeData(message, ELEM.KEY_END, key.end);
        if (value) writeData(message, ELEM.DATA, value.bytes);
      });
      if (key.end && !joined)
        message.nested(LIST_ELEM | NESTED, () => {
          writeData(message, ELEM.KEY, next(key.end ?? key.bytes));
          message.attribute(ELEM.FLAGS, INTERVAL_END);
        });
    });
    message.end();
  }

  /** @throws SyscallError of the first refusal since this message */
  #requireSilence(what: string, first: number): void {
    let failure: SyscallError | undefined;
    for (;;) {
      const length = tryCall("recvfrom", this.#socket, this.#answer, this.#answer.length, MSG_DONTWAIT, null, null);
      if (length === -ERRNO.EAGAIN) break;
      if (length < 0) throw new SyscallError(what, -length, this.#table);
      for (const { type, sequence, body } of splitMessages(this.#answer.slice(0, length))) {
        const errno = type === NLMSG.ERROR && sequence >= first ? -body.readInt32LE(0) : 0;
        if (errno !== 0) failure ??= new SyscallError(what, errno, this.#table);
      }
    }
    if (failure) throw failure;
  }
}

function writeData(message: NetlinkWriter, attribute: number, bytes: Uint8Array): void {
  message.nested(attribute | NESTED, () => message.attribute(DATA_VALUE, bytes));
}

/** The number after it, over the same width. */
function next(bytes: Uint8Array): Uint8Array {
  const after = bytes.slice();
  for (let at = after.length - 1; at >= 0; at--) {
    after[at] = ((after[at] ?? 0) + 1) & 0xff;
    if (after[at] !== 0) break;
  }
  return after;
}
