import { EngineError } from "../../base/mod.ts";
import type { ContainerCreateRequest, EndpointSettings } from "../../spec/mod.ts";

/** As many bytes as net.ParseMAC of Go takes, separated by colons, dashes, or dots after every second. */
const MAC = /^(?:[0-9a-f]{2}(?:(?::[0-9a-f]{2})+|(?:-[0-9a-f]{2})+)|[0-9a-f]{4}(?:\.[0-9a-f]{4})+)$/i;
const MAC_DIGITS = [12, 16, 40];
const PREDEFINED = ["bridge", "host", "none"];

/** @returns the bytes of an address as hexadecimal digits; undefined when it is none */
export function macDigits(mac: string): string | undefined {
  const digits = MAC.test(mac) ? mac.replace(/[:.-]/g, "").toLowerCase() : "";
  return MAC_DIGITS.includes(digits.length) ? digits : undefined;
}

/**
 * The endpoints that a container is created with, by network: of its network mode and of what else the request names.
 * `subnet`: the default bridge's, as `address/prefix`.
 * @throws EngineError InvalidParameter, in Docker's words
 */
export function networksOf(networkMode: string, request: ContainerCreateRequest, subnet: string): Record<string, EndpointSettings> {
  if (networkMode.startsWith("container:") || request.NetworkDisabled) return {};
  const asked = Object.entries(request.NetworkingConfig?.EndpointsConfig ?? {}).map(([name, settings]) => [name === "default" ? "bridge" : name, settings ?? {}] as const);
  const endpoints = new Map(asked.length > 0 ? asked : [[networkMode, {} as EndpointSettings]]);
  const main = endpoints.get(networkMode)?.MacAddress;
  if (main && request.MacAddress && main !== request.MacAddress) throw new EngineError("InvalidParameter", "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty");
  return Object.fromEntries(
    [...endpoints].map(([name, settings]) => {
      const mac = settings.MacAddress || (name === networkMode ? request.MacAddress : "") || "";
      if (mac !== "" && macDigits(mac) === undefined) throw new EngineError("InvalidParameter", `invalid config for network ${name.slice(0, 128)}: invalid MAC address ${mac.slice(0, 64)}`);
      requireSettings(name, settings, subnet);
      return [name, { ...settings, MacAddress: mac }];
    }),
  );
}

/** Networks that are there from the beginning give out their addresses themselves, and know no names. */
function requireSettings(network: string, { IPAMConfig: ipam, Aliases: aliases }: EndpointSettings, subnet: string): void {
  const { IPv4Address: four = "", IPv6Address: six = "", LinkLocalIPs: local } = ipam ?? {};
  const own = !PREDEFINED.includes(network);
  const configured = network === "bridge";
  const problems = [
    ...(!own && (four !== "" || six !== "") ? ["user specified IP address is supported on user defined networks only"] : []),
    ...(!own && aliases?.length ? ["network-scoped alias is supported only for containers in user defined networks"] : []),
    ...(four !== "" && !isFour(four) ? [`invalid IPv4 address: ${four.slice(0, 64)}`] : []),
    ...(six !== "" && !isSix(six) ? [`invalid IPv6 address: ${six.slice(0, 64)}`] : []),
    ...(local ?? []).filter((address) => !isFour(address) && !isSix(address)).map((address) => `invalid link-local IP address: ${address.slice(0, 64)}`),
    ...(configured && four !== "" && !contains(subnet, four) ? [`no configured subnet or ip-range contain the IP address ${four.slice(0, 64)}`] : []),
    ...((!own && six !== "") || (!own && !configured && four !== "") ? ["user specified IP address is supported only when connecting to networks with user configured subnets"] : []),
  ];
  if (problems.length === 0) return;
  const list = problems.length === 1 ? problems[0] : problems.map((problem) => `* ${problem}`).join("\n");
  throw new EngineError("InvalidParameter", `invalid config for network ${network}: invalid endpoint settings:\n${list}`);
}

const isFour = (text: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) < 256);
const isSix = (text: string): boolean => /^[0-9a-f:.]+$/i.test(text) && text.includes(":") && URL.canParse(`http://[${text}]/`);
const numberOf = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

function contains(subnet: string, address: string): boolean {
  const [base = "", prefix = "32"] = subnet.split("/");
  const size = 2 ** (32 - Number(prefix));
  return isFour(address) && Math.floor(numberOf(base) / size) === Math.floor(numberOf(address) / size);
}
