import { addressText } from "../linux/mod.ts";

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/;
const IPV6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/;

/** The address that a reverse name asks for; undefined when it is none. */
export function addressOfReverseName(name: string): string | undefined {
  const four = IPV4.exec(name);
  if (four) return four.slice(1).reverse().map(Number).join(".");
  const six = IPV6.exec(name)?.[1];
  return six === undefined ? undefined : addressText(Buffer.from(six.replaceAll(".", "").split("").reverse().join(""), "hex"));
}
