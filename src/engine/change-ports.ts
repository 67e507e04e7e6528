import { EngineError } from "../base/mod.ts";
import type { HostConfig, PortBinding } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { validatePorts } from "./create/validate-host-config.ts";
import { emitContainerEvent } from "./emit.ts";
import { gatewayEndpoint } from "../network/mod.ts";
import type { PortChange } from "./options.ts";
import type { PublishedPort } from "./ports.ts";
import { bindingWishes, containerPortName, isPublishing, publishWishes, shownPortMap, type PortMap } from "./publish.ts";
import type { ContainerRecord } from "./record.ts";

type Bindings = NonNullable<HostConfig["PortBindings"]>;

/**
 * Publishes ports of a container, and takes back some that it has: of a running one at once, and for every later start.
 * @returns the ports it then has
 * @throws EngineError NotFound, InvalidParameter, Conflict, System (in use), in Docker's words; then nothing has changed
 */
export async function changePorts(ctx: EngineContext, ref: string, { Add: add = {}, Remove: remove = {} }: PortChange): Promise<{ Ports: PortMap }> {
  validatePorts({ PortBindings: add });
  validatePorts({ PortBindings: remove });
  const { id } = ctx.containers.resolve(ref);
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.resolve(id);
  requirePublishable(record);
  const gone = publishedOf(ctx, record, remove);
  const before = named(record.hostConfig.PortBindings ?? {});
  const left = without(before, named(remove));
  const bindings = joined(left, named(add));
  const running = record.state.status === "running";
  if (gone.length === 0 && JSON.stringify(left) === JSON.stringify(before) && Object.keys(remove).length > 0) throw new EngineError("NotFound", `No public port '${Object.keys(named(remove)).join(", ")}' published for ${record.name}`);
  const endpoint = gatewayEndpoint(ctx.network.endpoints(id));
  if (running && endpoint && isPublishing(ctx, endpoint)) {
    await publishWishes(ctx, record, endpoint, bindingWishes(add));
    ctx.publisher.letReachItself(endpoint.hostIndex);
  }
  const exposed = Object.fromEntries([...Object.keys(record.config.ExposedPorts ?? {}), ...Object.keys(named(add))].map((port) => [port, {}]));
  const updated = ctx.containers.setFacts(id, { hostConfig: { ...record.hostConfig, PortBindings: bindings }, config: { ...record.config, ExposedPorts: exposed } });
  ctx.publisher.withdraw(id, gone);
  emitContainerEvent(ctx, updated, "update");
  await ctx.containers.synced();
  return { Ports: shownPortMap(ctx, updated) };
}

function requirePublishable({ id, state, hostConfig: { NetworkMode: mode = "bridge" } }: ContainerRecord): void {
  if (state.status === "removing") throw new EngineError("Conflict", `Cannot update container ${id}: container is marked for removal and cannot be "update"`);
  if (mode.startsWith("container:")) throw new EngineError("InvalidParameter", "conflicting options: port publishing and the container type network mode");
  if (mode === "host" || mode === "none") throw new EngineError("InvalidParameter", `Cannot update container ${id}: ports cannot be published in network mode ${mode}`);
}

/** With `80/tcp` for every spelling of it. */
function named(bindings: Bindings): Record<string, PortBinding[]> {
  const entries = Object.entries(bindings).map(([port, hosts]) => [containerPortName(port), hosts ?? []] as const);
  return entries.reduce<Record<string, PortBinding[]>>((all, [port, hosts]) => ({ ...all, [port]: [...(all[port] ?? []), ...hosts] }), {});
}

/** No host's port said: all of the container's port. */
const namesAll = (hosts: readonly PortBinding[]): boolean => hosts.length === 0 || hosts.some(({ HostPort = "" }) => HostPort === "");

const matches = (wanted: PortBinding, hostIp: string, hostPort: string): boolean => wanted.HostPort === hostPort && (!wanted.HostIp || wanted.HostIp === hostIp);

/** What is published now of the ports that are to go. */
function publishedOf(ctx: EngineContext, { id }: ContainerRecord, remove: Bindings): PublishedPort[] {
  const wanted = named(remove);
  return ctx.publisher.published(id).filter(({ containerPort, protocol, hostIp, hostPort }) => {
    const hosts = wanted[`${containerPort}/${protocol}`];
    return hosts !== undefined && (namesAll(hosts) || hosts.some((host) => matches(host, hostIp, String(hostPort))));
  });
}

function without(before: Record<string, PortBinding[]>, remove: Record<string, PortBinding[]>): Record<string, PortBinding[]> {
  const left = Object.entries(before).map(([port, hosts]) => {
    const wanted = remove[port];
    if (wanted === undefined) return [port, hosts] as const;
    // One of any number, or of a range, is named by the number it got.
    const isNamed = ({ HostIp = "", HostPort = "" }: PortBinding): boolean => wanted.some((one) => matches(one, HostIp, HostPort) || !/^\d+$/.test(HostPort));
    return [port, namesAll(wanted) ? [] : hosts.filter((host) => !isNamed(host))] as const;
  });
  return Object.fromEntries(left.filter(([port, hosts]) => hosts.length > 0 || !(port in remove)));
}

function joined(left: Record<string, PortBinding[]>, add: Record<string, PortBinding[]>): Record<string, PortBinding[]> {
  const all = { ...left };
  for (const [port, hosts] of Object.entries(add)) all[port] = [...(all[port] ?? []), ...(hosts.length > 0 ? hosts : [{}]).map(({ HostIp = "", HostPort = "" }: PortBinding) => ({ HostIp, HostPort }))];
  return all;
}
