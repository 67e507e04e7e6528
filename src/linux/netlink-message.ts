/** rtnetlink(7) messages: headers and attributes in the machine's order (little-endian on all we run on). */
export const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, SETLINK: 19, NEWADDR: 20, DELADDR: 21, GETADDR: 22, NEWROUTE: 24, DELROUTE: 25, GETROUTE: 26, GETSTATS: 94 } as const;
export const NLM_F = { REQUEST: 1, ACK: 4, DUMP: 0x300, REPLACE: 0x100, EXCL: 0x200, CREATE: 0x400 } as const;
export const NLMSG = { ERROR: 2, DONE: 3 } as const;
export const IFLA = { ADDRESS: 1, IFNAME: 3, MTU: 4, LINK: 5, MASTER: 10, PROTINFO: 12, LINKINFO: 18, NET_NS_PID: 19, IFALIAS: 20, AF_SPEC: 26, GROUP: 27, NET_NS_FD: 28, INET6_ADDR_GEN_MODE: 8, INFO_KIND: 1, INFO_DATA: 2, VETH_PEER: 1, VLAN_ID: 1, MACVLAN_MODE: 1, IPVLAN_MODE: 1, IPVLAN_FLAGS: 2 } as const;
export const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4, FLAGS: 8 } as const;
export const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6 } as const;
export const IFF_UP = 1;
const HEADER_BYTES = 16;
const IFINFO_BYTES = 16;

/** Grows by appending; several messages may follow one another (one sendmsg). Offsets stay valid. */
export class NetlinkWriter {
  #bytes = Buffer.alloc(512);
  #length = 0;
  #messageStart = 0;

  get length(): number {
    return this.#length;
  }

  begin(type: number, flags: number, sequence = 0): void {
    this.#messageStart = this.#length;
    this.#reserve(HEADER_BYTES);
    this.#bytes.writeUInt16LE(type, this.#length + 4);
    this.#bytes.writeUInt16LE(flags | NLM_F.REQUEST, this.#length + 6);
    this.#bytes.writeUInt32LE(sequence, this.#length + 8);
    this.#length += HEADER_BYTES;
  }

  end(): void {
    this.#bytes.writeUInt32LE(this.#length - this.#messageStart, this.#messageStart);
  }

  /** struct ifinfomsg */
  ifinfo({ family = 0, index = 0, flags = 0, change = 0 }: { family?: number; index?: number; flags?: number; change?: number }): void {
    this.#reserve(IFINFO_BYTES);
    this.#bytes.writeUInt8(family, this.#length);
    this.#bytes.writeInt32LE(index, this.#length + 4);
    this.#bytes.writeUInt32LE(flags, this.#length + 8);
    this.#bytes.writeUInt32LE(change, this.#length + 12);
    this.#length += IFINFO_BYTES;
  }

  raw(bytes: readonly number[] | Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += align(bytes.length);
  }

  attribute(type: number, value: Uint8Array | readonly number[]): void {
    this.#header(type, value.length);
    this.raw(value);
  }

  /** Returns where the value lies. */
  u32(type: number, value: number): number {
    this.#header(type, 4);
    const at = this.#length;
    this.#reserve(4);
    this.#bytes.writeUInt32LE(value >>> 0, at);
    this.#length += 4;
    return at;
  }

  text(type: number, value: string): void {
    this.attribute(type, Buffer.from(`${value}\0`));
  }

  nested(type: number, fill: () => void): void {
    const start = this.#length;
    this.#header(type, 0);
    fill();
    this.#bytes.writeUInt16LE(this.#length - start, start);
  }

  finish(): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(0, this.#length));
  }

  #header(type: number, valueLength: number): void {
    this.#reserve(4);
    this.#bytes.writeUInt16LE(4 + valueLength, this.#length);
    this.#bytes.writeUInt16LE(type, this.#length + 2);
    this.#length += 4;
  }

  #reserve(count: number): void {
    if (this.#length + count + 4 <= this.#bytes.length) return;
    const larger = Buffer.alloc((this.#length + count) * 2);
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}

function align(length: number): number {
  return (length + 3) & ~3;
}

export interface NetlinkMessage {
  readonly type: number;
  readonly sequence: number;
  readonly body: Buffer;
}

export function splitMessages(bytes: Uint8Array): NetlinkMessage[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const messages: NetlinkMessage[] = [];
  for (let offset = 0; offset + HEADER_BYTES <= buffer.length; ) {
    const length = buffer.readUInt32LE(offset);
    if (length < HEADER_BYTES || offset + length > buffer.length) break;
    messages.push({ type: buffer.readUInt16LE(offset + 4), sequence: buffer.readUInt32LE(offset + 8), body: buffer.subarray(offset + HEADER_BYTES, offset + length) });
    offset += align(length);
  }
  return messages;
}

/** Attributes after a fixed struct of `skip` bytes; the flag bits of a type are cut. */
export function attributesOf(body: Buffer, skip: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let offset = skip; offset + 4 <= body.length; ) {
    const length = body.readUInt16LE(offset);
    if (length < 4 || offset + length > body.length) break;
    found.set(body.readUInt16LE(offset + 2) & 0x3fff, body.subarray(offset + 4, offset + length));
    offset += align(length);
  }
  return found;
}
