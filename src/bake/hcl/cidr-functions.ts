import type { At } from "./ast.ts";
import type { HclFunction } from "./evaluate.ts";
import { DefinitionError } from "./scanner.ts";
import { numberOf, textOf, type Value } from "./value.ts";

/** A network: its address as one number, and how many of its bits are the network's. */
interface Network {
  readonly address: bigint;
  readonly length: number;
  /** Of any address of its kind. */
  readonly bits: 32 | 128;
}

export const cidrFunctions: Readonly<Record<string, HclFunction>> = {
  cidrhost: (args, at) => {
    const network = networkOf(args[0] ?? null, at);
    const host = BigInt(Math.trunc(numberOf(args[1] ?? null, at)));
    const room = 1n << BigInt(network.bits - network.length);
    if (host >= room || -host > room) throw new DefinitionError(at, `prefix of ${network.length} does not accommodate a host numbered ${host}`);
    return addressText(network.address + (host < 0n ? room + host : host), network.bits);
  },
  cidrnetmask: (args, at) => {
    const { length, bits } = networkOf(args[0] ?? null, at);
    if (bits === 128) throw new DefinitionError(at, "only IPv4 networks are supported");
    return addressText(maskOf(length, bits), bits);
  },
  cidrsubnet: (args, at) => networkText(subnet(networkOf(args[0] ?? null, at), numberOf(args[1] ?? null, at), BigInt(Math.trunc(numberOf(args[2] ?? null, at))), at)),
  cidrsubnets: (args, at) => subnets(networkOf(args[0] ?? null, at), args.slice(1).map((bits) => numberOf(bits, at)), at).map(networkText),
};

function networkOf(value: Value, at: At): Network {
  const text = textOf(value, at);
  const [, address = "", length = ""] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(text) ?? [];
  const bits = address.includes(":") ? 128 : 32;
  const number = bits === 128 ? numberOfIPv6(address) : numberOfIPv4(address);
  if (number === undefined || Number(length) > bits) throw new DefinitionError(at, `invalid CIDR expression: invalid CIDR address: ${text}`);
  return { address: number & maskOf(Number(length), bits), length: Number(length), bits };
}

const maskOf = (length: number, bits: number): bigint => ((1n << BigInt(length)) - 1n) << BigInt(bits - length);

function subnet({ address, length, bits }: Network, newBits: number, number: bigint, at: At): Network {
  const longer = length + newBits;
  if (newBits < 0 || longer > bits) throw new DefinitionError(at, `insufficient address space to extend prefix of ${length} by ${newBits}`);
  if (number < 0n || number >= 1n << BigInt(newBits)) throw new DefinitionError(at, `prefix extension of ${newBits} does not accommodate a subnet numbered ${number}`);
  return { address: address + (number << BigInt(bits - longer)), length: longer, bits };
}

/** One behind the other, each where one of its size may begin. */
function subnets(whole: Network, newBits: readonly number[], at: At): Network[] {
  const end = whole.address + (1n << BigInt(whole.bits - whole.length));
  let next = whole.address;
  return newBits.map((bits) => {
    const length = whole.length + bits;
    if (bits < 1 || length > whole.bits) throw new DefinitionError(at, `would extend prefix to ${length} bits, which is too long for an address of ${whole.bits} bits`);
    const size = 1n << BigInt(whole.bits - length);
    const address = ((next + size - 1n) / size) * size;
    if (address + size > end) throw new DefinitionError(at, `not enough remaining address space for a subnet with a prefix of ${length} bits`);
    next = address + size;
    return { address, length, bits: whole.bits };
  });
}

const networkText = ({ address, length, bits }: Network): string => `${addressText(address, bits)}/${length}`;

function addressText(address: bigint, bits: number): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((address >> BigInt(112 - index * 16)) & 0xffffn).toString(16));
  // The longest run of zeros is left out (RFC 5952).
  const runs = [...groups.join(":").matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)].toSorted((a, b) => b[0].length - a[0].length);
  const [longest] = runs;
  const text = groups.join(":");
  return longest ? `${text.slice(0, longest.index).replace(/:$/, "")}::${text.slice(longest.index + longest[0].length).replace(/^:/, "")}` : text;
}

function numberOfIPv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return undefined;
  return parts.reduce((all, part) => (all << 8n) + BigInt(part), 0n);
}

function numberOfIPv6(text: string): bigint | undefined {
  const [head = "", tail, ...more] = text.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const [left, right] = [groups(head), groups(tail ?? "")];
  const missing = 8 - left.length - right.length;
  if (more.length > 0 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined;
  const all = [...left, ...Array.from({ length: missing }, () => "0"), ...right];
  if (all.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return all.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}
