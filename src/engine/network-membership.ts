import { EngineError } from "../base/mod.ts";
import type { EndpointSettings } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { endpointFaults, listFaults, macDigits } from "./create/network-request.ts";
import { emitNetworkEvent } from "./emit.ts";
import { endpointWish } from "./endpoint-wishes.ts";
import { addHostsLines, changeFile, removeHostsLines } from "./hosts-lines.ts";
import { announceNames } from "./names.ts";
import { findNetwork } from "./networks.ts";
import type { Endpoint, NetworkRecord } from "./ports.ts";
import { movePorts } from "./publish.ts";
import type { ContainerRecord } from "./record.ts";
import { resolvText } from "./run-files.ts";
import { isRunning } from "./state.ts";
import { withDefaults } from "./with-defaults.ts";

/**
 * Connects a container to one more network: at once while it runs, else when it starts.
 * @throws EngineError NotFound, InvalidParameter, Forbidden, in Docker's words
 */
export async function connectNetwork(ctx: EngineContext, ref: string, container: string, settings: EndpointSettings): Promise<void> {
  const { id } = resolveContainer(ctx, container);
  using _hold = await ctx.locks.acquire(id);
  await ctx.network.calm();
  const record = ctx.containers.resolve(id);
  const network = findNetwork(ctx, ref);
  requireJoinable(record, network, ctx.network.endpoints(id).some(({ networkId }) => networkId === network.id));
  const asked = settingsOf(network, settings);
  const before = ctx.network.endpoints(id);
  // First what is to be: a crash before the link leaves a connection that can be asked for again.
  const connected = ctx.containers.setFacts(id, { networks: { ...record.networks, [network.name]: asked } });
  const synced = ctx.containers.synced();
  synced.catch(() => undefined);
  try {
    if (record.state.status === "running") connectRunning(ctx, record, network, asked, record.state.pid);
  } catch (error) {
    ctx.containers.setFacts(id, { networks: record.networks });
    throw error;
  }
  renewNames(ctx, id, before);
  await Promise.all([ctx.network.ready(), synced]);
  if (record.state.status === "running") await movePorts(ctx, connected);
}

/** @throws EngineError NotFound, InvalidParameter, Forbidden for a network that the container is not on */
export async function disconnectNetwork(ctx: EngineContext, ref: string, container: string, options: { force?: boolean | undefined } = {}): Promise<void> {
  const network = findNetwork(ctx, ref);
  const found = container === "" ? undefined : ctx.containers.find(container);
  if (options.force && !found) throw new EngineError("NotFound", `endpoint ${container.slice(0, 128)} not found`);
  const { id } = resolveContainer(ctx, container);
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.resolve(id);
  if (network.driver === "host") throw new EngineError("InvalidParameter", "cannot disconnect container from host network - container was created in host network mode");
  const running = isRunning(record.state);
  if (!Object.hasOwn(record.networks, network.name)) throw new EngineError("Forbidden", `container ${id} is not connected to ${running ? "" : "the "}network ${network.name}`);
  const before = ctx.network.endpoints(id);
  if (record.state.status === "running") await disconnectRunning(ctx, record, network, record.state.pid);
  const { [network.name]: _gone, ...networks } = record.networks;
  const disconnected = ctx.containers.setFacts(id, { networks });
  renewNames(ctx, id, before);
  await Promise.all([ctx.containers.synced(), record.state.status === "running" && movePorts(ctx, disconnected)]);
}

/** Who the running container is to others, and whom it asks itself: a resolv.conf that the engine wrote and nobody changed is written anew. */
function renewNames(ctx: EngineContext, id: string, before: readonly Endpoint[]): void {
  const record = ctx.containers.resolve(id);
  if (record.state.status !== "running") return;
  announceNames(ctx, record);
  const asRun = withDefaults(record, ctx.defaults);
  const [old, now] = [resolvText(ctx, asRun, before), resolvText(ctx, asRun, ctx.network.endpoints(id))];
  if (old !== now) changeFile(ctx, record, "resolv.conf", (text) => (text === old ? now : text));
}

function resolveContainer(ctx: EngineContext, ref: string): ContainerRecord {
  if (ref === "") throw new EngineError("InvalidParameter", 'invalid name or ID supplied: ""');
  return ctx.containers.resolve(ref);
}

function requireJoinable({ hostConfig, networks, state, name }: ContainerRecord, network: NetworkRecord, isLinked: boolean): void {
  const mode = hostConfig.NetworkMode ?? "bridge";
  if (network.driver === "host" && mode !== "host") throw new EngineError("InvalidParameter", "cannot connect container to host network - container must be created in host network mode");
  if (mode === "host" || mode.startsWith("container:")) throw new EngineError("InvalidParameter", "container sharing network namespace with another container or host cannot be connected to any other network");
  const others = Object.keys(networks).filter((other) => other !== network.name);
  if ((network.name === "none" && others.length > 0) || others.includes("none")) throw new EngineError("InvalidParameter", "container cannot be connected to multiple networks with one of the networks in private (none) mode");
  if (isLinked) throw new EngineError("Forbidden", `endpoint with name ${name} already exists in network ${network.name}`);
  if (state.status === "removing") throw new EngineError("Conflict", "container is marked for removal and cannot be connected or disconnected to the network");
}

/** What was asked for, without what was left empty. @throws EngineError InvalidParameter, in Docker's words */
function settingsOf(network: NetworkRecord, settings: EndpointSettings): EndpointSettings {
  const { IPAMConfig: ipam, MacAddress: mac, ...rest } = settings;
  if (mac && macDigits(mac) === undefined) throw new EngineError("InvalidParameter", `invalid MAC address ${mac.slice(0, 64)}`);
  const faults = endpointFaults(network.name, settings, network);
  if (faults.length > 0) throw new EngineError("InvalidParameter", `invalid endpoint settings:\n${listFaults(faults)}`);
  const given = ipam && Object.fromEntries(Object.entries(ipam).filter(([, value]) => value.length > 0));
  return { ...rest, ...(given && { IPAMConfig: given }), ...(mac && { MacAddress: mac }) };
}

function connectRunning(ctx: EngineContext, record: ContainerRecord, network: NetworkRecord, settings: EndpointSettings, pid: number): void {
  if (network.driver === "null") return;
  const endpoint = ctx.network.connect(record.id, pid, endpointWish(ctx, record, network.name, settings));
  addHostsLines(ctx, record, endpoint);
  emitNetworkEvent(ctx, network, "connect", { container: record.id });
}

async function disconnectRunning(ctx: EngineContext, record: ContainerRecord, network: NetworkRecord, pid: number): Promise<void> {
  const endpoint = await ctx.network.disconnect(record.id, pid, network.id);
  if (endpoint) removeHostsLines(ctx, record, endpoint);
  emitNetworkEvent(ctx, network, "disconnect", { container: record.id });
}
