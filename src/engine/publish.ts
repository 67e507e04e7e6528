import { EngineError } from "../base/mod.ts";
import { hairpinBatch } from "../linux/mod.ts";
import { directFamilies, gatewayEndpoint } from "../network/mod.ts";
import type { HostConfig, PortSummary } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import type { Attachment, Endpoint, PortWish, PublishedPort, PublishTarget } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";
import { isRunning } from "./state.ts";

interface ContainerPort {
  readonly containerPort: number;
  readonly protocol: PortWish["protocol"];
}

/** Docker's map of a container's ports; null: exposed, and leading nowhere. */
export type PortMap = Record<string, { HostIp: string; HostPort: string }[] | null>;

/** Where a container is on the network that its default route leads over. */
export type PublishingEndpoint = Pick<Endpoint, "endpointId" | "networkId" | "ip" | "ip6" | "bridge" | "hostIndex">;

/** Makes what the request said reachable from outside. @returns what the links need for it besides. @throws EngineError Conflict, InvalidParameter, System, in Docker's words */
export async function publishPorts(ctx: EngineContext, record: ContainerRecord, attachment: Attachment | undefined, undo: AsyncDisposableStack): Promise<Attachment | undefined> {
  const wishes = wishesOf(record);
  const endpoint = gatewayEndpoint(attachment?.endpoints ?? []);
  if (!attachment || !endpoint || wishes.length === 0 || !isPublishing(ctx, endpoint)) return attachment;
  undo.defer(() => ctx.publisher.unpublish(record.id));
  await publishWishes(ctx, record, endpoint, wishes);
  return ctx.host.bridgesAreFiltered() ? withHairpin(attachment, endpoint.hostIndex) : attachment;
}

/** Behind the messages that make the links. */
function withHairpin(attachment: Attachment, hostIndex: number): Attachment {
  const { host, inside } = attachment.netlink;
  return { ...attachment, netlink: { host: { ...host, messages: Buffer.concat([host.messages, hairpinBatch(hostIndex)]) }, inside } };
}

/** Internal networks lead nowhere, and those without a bridge are the operator's own to reach. */
export function isPublishing(ctx: EngineContext, { bridge, networkId }: PublishingEndpoint): boolean {
  return bridge !== "" && ctx.network.find(networkId)?.internal !== true;
}

/** @throws EngineError Conflict, InvalidParameter, System, in Docker's words */
export async function publishWishes(ctx: EngineContext, record: ContainerRecord, endpoint: PublishingEndpoint, wishes: readonly PortWish[]): Promise<void> {
  const { endpointId } = endpoint;
  try {
    await ctx.publisher.publish(record.id, targetOf(ctx, endpoint), wishes);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `failed to set up container networking: driver failed programming external connectivity on endpoint ${record.name} (${endpointId}): ${error.message}`, { cause: error });
  }
}

function targetOf(ctx: EngineContext, { networkId, ip, ip6, bridge }: PublishingEndpoint): PublishTarget {
  const network = ctx.network.find(networkId);
  const { routed, direct } = network ? directFamilies(network) : { routed: [], direct: [] };
  return { ip, ip6, bridge, ...(routed.length > 0 && { routed }), ...(direct.length > 0 && { direct }) };
}

/** What of a container is to be published: what was asked for, and with --publish-all each exposed port that nobody asked for. */
export function wishesOf({ config, hostConfig }: Pick<ContainerRecord, "config" | "hostConfig">): PortWish[] {
  const asked = bindingWishes(hostConfig.PortBindings ?? {});
  if (!hostConfig.PublishAllPorts) return asked;
  const known = new Set(asked.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  const exposed = Object.keys(config.ExposedPorts ?? {}).map(parseContainerPort).filter(({ containerPort, protocol }) => !known.has(`${containerPort}/${protocol}`));
  return [...asked, ...exposed.map((port) => ({ ...port, hostIp: "" }))];
}

export function bindingWishes(bindings: NonNullable<HostConfig["PortBindings"]>): PortWish[] {
  return Object.entries(bindings).flatMap(([port, hosts]) =>
    // A port without any binding is one of any number.
    (hosts?.length ? hosts : [{}]).map(({ HostIp: hostIp = "", HostPort: text = "" }: { HostIp?: string; HostPort?: string }) => {
      const [first = 0, last = first] = text === "" ? [] : text.split("-").map(Number);
      return { ...parseContainerPort(port), hostIp, ...(last > 0 && { hostPorts: [first, last] as const }) };
    }),
  );
}

/** `80/tcp`, or `80` */
export function parseContainerPort(text: string): ContainerPort {
  const [number = "", protocol = "tcp"] = text.toLowerCase().split("/");
  return { containerPort: Number(number), protocol: protocol === "udp" || protocol === "sctp" ? protocol : "tcp" };
}

/** `80/tcp`, however it was written. */
export function containerPortName(text: string): string {
  const { containerPort, protocol } = parseContainerPort(text);
  return `${containerPort}/${protocol}`;
}

/** A running container's default route may lead over another network now: its ports follow. @throws EngineError Conflict, InvalidParameter, System, in Docker's words */
export async function movePorts(ctx: EngineContext, record: ContainerRecord): Promise<void> {
  const endpoint = gatewayEndpoint(ctx.network.endpoints(record.id));
  const published = ctx.publisher.published(record.id);
  if (!endpoint || !isPublishing(ctx, endpoint)) return ctx.publisher.unpublish(record.id);
  const wishes = wishesOf(record);
  const target = targetOf(ctx, endpoint);
  const keepsNumbers = published.length > 0 && target.routed === undefined && published.every(({ hostPort }) => hostPort !== 0);
  if (keepsNumbers) await ctx.publisher.retarget(record.id, target);
  else {
    // Ports of the host and ports of the container alone are not the same.
    if (published.length > 0) ctx.publisher.unpublish(record.id);
    await publishWishes(ctx, record, endpoint, wishes);
  }
  if (wishes.length > 0) ctx.publisher.letReachItself(endpoint.hostIndex);
}

/** By container port, in the order of their names; those that are only exposed too. */
export function shownPortMap(ctx: EngineContext, record: ContainerRecord): PortMap {
  const endpoint = isRunning(record.state) && hasOwnNetwork(record) ? gatewayEndpoint(ctx.network.endpoints(record.id)) : undefined;
  if (!endpoint || !isPublishing(ctx, endpoint)) return {};
  const map: PortMap = Object.fromEntries(exposedPorts(record).map((port) => [port, null]));
  for (const { containerPort, protocol, hostIp, hostPort } of ctx.publisher.published(record.id)) {
    const name = `${containerPort}/${protocol}`;
    map[name] = [...(map[name] ?? []), { HostIp: hostIp, HostPort: hostPort === 0 ? "" : String(hostPort) }];
  }
  return Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** As lists of containers have them. */
export function shownPorts(ctx: EngineContext, record: ContainerRecord): PortSummary[] {
  const published = new Map<string, readonly PublishedPort[]>(Map.groupBy(ctx.publisher.published(record.id), ({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  const exposed = hasOwnNetwork(record) ? exposedPorts(record).filter((port) => !published.has(port)) : [];
  return [
    ...exposed.map(parseContainerPort).map(({ containerPort, protocol }) => ({ PrivatePort: containerPort, Type: protocol })),
    ...[...published.values()].flat().map(({ hostIp, containerPort, hostPort, protocol }) => ({ IP: hostIp, PrivatePort: containerPort, ...(hostPort !== 0 && { PublicPort: hostPort }), Type: protocol })),
  ];
}

/** Exposed or asked to be published. */
export function exposedPorts({ config, hostConfig }: ContainerRecord): string[] {
  return [...new Set([...Object.keys(config.ExposedPorts ?? {}), ...Object.keys(hostConfig.PortBindings ?? {})].map(containerPortName))];
}

function hasOwnNetwork({ hostConfig: { NetworkMode: mode = "bridge" } }: ContainerRecord): boolean {
  return mode !== "none" && mode !== "host" && !mode.startsWith("container:");
}
