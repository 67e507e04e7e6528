/** IPv4 ranges as numbers. */
export interface Subnet {
  readonly base: number;
  readonly prefix: number;
}

export function parseAddress(text: string): number {
  return text.split(".").reduce((value, part) => value * 256 + Number(part), 0);
}

export function formatAddress(value: number): string {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff].join(".");
}

export function parseSubnet(text: string): Subnet {
  const [address = "", prefixText = ""] = text.split("/");
  const prefix = Number(prefixText);
  if (!/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/.test(text) || prefix > 30 || address.split(".").some((part) => Number(part) > 255))
    throw new TypeError(`invalid CIDR address: ${text}`);
  return { base: parseAddress(address) - (parseAddress(address) % size(prefix)), prefix };
}

export function formatSubnet({ base, prefix }: Subnet): string {
  return `${formatAddress(base)}/${prefix}`;
}

const size = (prefix: number): number => 2 ** (32 - prefix);

export const firstAddress = ({ base }: Subnet): number => base + 1;
export const lastAddress = ({ base, prefix }: Subnet): number => base + size(prefix) - 2;
export const contains = ({ base, prefix }: Subnet, address: number): boolean => address >= base && address < base + size(prefix);
export const overlaps = (a: Subnet, b: Subnet): boolean => a.base < b.base + size(b.prefix) && b.base < a.base + size(a.prefix);

/** Every network of this prefix in a range, lowest first. */
export function* subnetsOf(range: Subnet, prefix: number): Generator<Subnet> {
  for (let base = range.base; base < range.base + size(range.prefix); base += size(prefix)) yield { base, prefix };
}

/** Docker's address pools, in its order: 172.17 to 172.31 as /16, then 192.168 in /20. */
export function* candidateSubnets(): Generator<Subnet> {
  for (let second = 17; second <= 31; second++) yield { base: parseAddress(`172.${second}.0.0`), prefix: 16 };
  for (let third = 0; third < 256; third += 16) yield { base: parseAddress(`192.168.${third}.0`), prefix: 20 };
}
