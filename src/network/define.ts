import { EngineError } from "../base/mod.ts";
import { checkRanges, poolOf } from "./address-config.ts";
import { checkBridgeOptions, mtuOption } from "./driver-options.ts";
import { gatewayMode } from "./gateway-mode.ts";
import { isIpvlanFlag, isIpvlanMode, isMacvlanMode } from "./endpoint.ts";
import { ownParentName } from "./parents.ts";
import { formatSubnet, overlaps, parseSubnet, type Family, type Subnet } from "./subnet.ts";
import type { AddressRange, NetworkDriver, NetworkRecord, NetworkRequest } from "./types.ts";

/** What the other networks and the host have to say about a new one. */
export interface Surroundings {
  named(name: string): NetworkRecord | undefined;
  onInterface(name: string): NetworkRecord | undefined;
  meets(subnet: Subnet): boolean;
  /** @throws EngineError Forbidden when there is none left */
  choose(family: Family): Subnet;
}

const DRIVERS: readonly string[] = ["bridge", "host", "null", "macvlan", "ipvlan"];
const PREDEFINED = ["bridge", "host", "none", "default"];
const DEFAULT_MTU = 1500;
export const BRIDGE_NAME = "com.docker.network.bridge.name";

/**
 * Checks a request and makes every choice that it leaves open; reads, and changes nothing.
 * @throws EngineError in Docker's words
 */
export function defineNetwork(request: NetworkRequest, { id, createdAt }: { id: string; createdAt: string }, around: Surroundings): NetworkRecord {
  checkName(request.name, around);
  const source = configurationOf(request, around);
  const asked = source ? { ...request, ipam: source.ipam, options: source.options, labels: source.labels, enableIPv6: source.enableIPv6, enableIPv4: source.enableIPv4, internal: source.internal || request.internal } : request;
  const driver = driverOf(asked);
  const [ipv4, ipv6] = [asked.enableIPv4 ?? true, asked.enableIPv6 ?? false];
  if (!ipv4 && !ipv6) throw new EngineError("InvalidParameter", "IPv4 or IPv6 must be enabled");
  const ranges = asked.ipam.config ?? [];
  checkRanges(ranges, { ipv6 });
  checkAddressDriver(asked.ipam.driver);
  const record = {
    id, name: request.name, createdAt, driver, enableIPv4: ipv4, enableIPv6: ipv6, internal: asked.internal, attachable: request.attachable, configOnly: request.configOnly, configFrom: request.configFrom,
    options: asked.options, labels: asked.labels,
  };
  const ipam = { driver: asked.ipam.driver || "default", options: asked.ipam.options };
  if (request.configOnly) return { ...record, driver: "null", ipam: { ...ipam, config: ranges.length > 0 ? ranges : null }, pools: [], interfaceName: "", mtu: 0 };
  const { interfaceName, mtu } = driver === "bridge" ? bridgeFacts(record, around) : parentFacts(record);
  const withoutHost = (range: AddressRange): boolean => driver === "bridge" && gatewayMode(record, familyOfRange(range)) === "isolated";
  const config = completeRanges(ranges, { 4: ipv4, 6: ipv6 }, around).map((range) => (ranges.includes(range) || withoutHost(range) ? range : { ...range, Gateway: poolOf(range, { chosen: true }).gateway }));
  const wanted = config.filter((range) => (familyOfRange(range) === 6 ? ipv6 : ipv4));
  return { ...record, ipam: { ...ipam, config }, pools: wanted.map((range) => poolOf(range, { chosen: !ranges.includes(range), withoutHost: withoutHost(range) })), interfaceName, mtu };
}

const familyOfRange = ({ Subnet: text = "" }: AddressRange): Family => (text.includes(":") ? 6 : 4);

function checkName(name: string, around: Surroundings): void {
  if (name.trim() === "") throw new EngineError("InvalidParameter", "invalid name: name is empty");
  if (name.length > 255) throw new EngineError("InvalidParameter", "invalid name: it is longer than 255 characters");
  if (PREDEFINED.includes(name)) throw new EngineError("Forbidden", `operation is not permitted on predefined ${name} network `);
  if (around.named(name)) throw new EngineError("Conflict", `network with name ${name} already exists`);
}

function configurationOf({ configFrom, configOnly, ipam, options }: NetworkRequest, around: Surroundings): NetworkRecord | undefined {
  if (configFrom === "") return undefined;
  if (configOnly) throw new EngineError("Forbidden", "a configuration network cannot depend on another configuration network");
  const source = around.named(configFrom);
  if (!source?.configOnly) throw new EngineError("NotFound", `configuration network ${JSON.stringify(configFrom.slice(0, 128))} does not exist`);
  if (ipam.config.length > 0) throw new EngineError("Forbidden", "user specified configurations are not supported if the network depends on a configuration network");
  if (Object.keys(options).length > 0) throw new EngineError("Forbidden", `network driver options are not supported if the network depends on a configuration network`);
  return source;
}

function driverOf({ driver }: Pick<NetworkRequest, "driver">): NetworkDriver {
  const name = driver || "bridge";
  if (name === "overlay") throw new EngineError("Forbidden", 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.');
  if (!DRIVERS.includes(name)) throw new EngineError("NotFound", `plugin ${JSON.stringify(name.slice(0, 64))} not found`);
  if (name === "host" || name === "null") throw new EngineError("Forbidden", `only one instance of "${name}" network is allowed`);
  return name as NetworkDriver;
}

function checkAddressDriver(driver: string): void {
  if (!["", "default"].includes(driver)) throw new EngineError("NotFound", `plugin ${JSON.stringify(driver.slice(0, 64))} not found`);
}

function bridgeFacts({ id, options, internal }: Pick<NetworkRecord, "id" | "options" | "internal">, around: Surroundings): { interfaceName: string; mtu: number } {
  checkBridgeOptions(options, { internal });
  const interfaceName = options[BRIDGE_NAME] || `br-${id.slice(0, 12)}`;
  const other = around.onInterface(interfaceName);
  if (other) throw new EngineError("Forbidden", `cannot create network ${id} (${interfaceName}): conflicts with network ${other.id} (${interfaceName}): networks have same bridge name`);
  return { interfaceName, mtu: mtuOption(options) || DEFAULT_MTU };
}

/** macvlan and ipvlan: an interface of the host, a VLAN of one, or one of the network's own, which leads nowhere. */
function parentFacts({ id, driver, options }: Pick<NetworkRecord, "id" | "driver" | "options">): { interfaceName: string; mtu: number } {
  const mode = options[`${driver}_mode`] ?? "";
  if (driver === "macvlan" && mode !== "" && !isMacvlanMode(mode)) throw new EngineError("InvalidParameter", `requested macvlan mode '${mode.slice(0, 32)}' is not valid, 'bridge' mode is the macvlan driver default`);
  if (driver === "ipvlan" && mode !== "" && !isIpvlanMode(mode)) throw new EngineError("InvalidParameter", `requested ipvlan mode '${mode.slice(0, 32)}' is not valid, 'l2' mode is the ipvlan driver default`);
  const flag = options["ipvlan_flag"] ?? "";
  if (driver === "ipvlan" && flag !== "" && !isIpvlanFlag(flag)) throw new EngineError("InvalidParameter", `requested ipvlan flag '${flag.slice(0, 32)}' is not valid, 'bridge' is the ipvlan driver default`);
  return { interfaceName: options["parent"] || ownParentName({ driver, id }), mtu: mtuOption(options) || 0 };
}

/** A subnet is chosen for every family that is wanted and has none. */
function completeRanges(ranges: readonly AddressRange[], wanted: Readonly<Record<Family, boolean>>, around: Surroundings): AddressRange[] {
  const given = ranges.map(({ Subnet = "" }) => parseSubnet(Subnet));
  const poolOverlap = (): never => {
    throw new EngineError("Forbidden", "invalid pool request: Pool overlaps with other one on this address space");
  };
  given.forEach((subnet, index) => {
    if (!wanted[subnet.family]) return;
    if (around.meets(subnet) || given.slice(0, index).some((other) => overlaps(subnet, other))) poolOverlap();
  });
  const missing = ([4, 6] as const).filter((family) => wanted[family] && !given.some((subnet) => subnet.family === family));
  const chosen = missing.map((family) => {
    return { Subnet: formatSubnet(around.choose(family)) };
  });
  return [...ranges, ...chosen];
}
