import { EngineError } from "../base/mod.ts";
import type { Reach, ReachNetwork, ReachPort } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { containerPortName, exposedPorts, parseContainerPort } from "./publish.ts";
import type { ContainerRecord } from "./record.ts";

/** Who reaches a container, on one port or on all it has. @throws EngineError NotFound, InvalidParameter for a port that is none */
export function containerReach(ctx: EngineContext, ref: string, port?: string): Reach {
  if (port !== undefined && (!/^\d{1,5}(\/(tcp|udp|sctp))?$/i.test(port) || Number.parseInt(port, 10) > 65_535)) throw new EngineError("InvalidParameter", `invalid port specification: ${JSON.stringify(port.slice(0, 64))}`);
  const record = ctx.containers.resolve(ref);
  const { id, name, state, hostConfig } = record;
  const listening = state.status === "running" ? ctx.host.listeners(state.pid) : undefined;
  const ways = ctx.publisher.ways(id);
  const heard = (listening ?? []).map((listener) => `${listener.port}/${listener.protocol}`);
  const all = [...ways.map((way) => way.containerPort), ...exposedPorts(record), ...heard];
  const ports = port === undefined ? [...new Set(all)] : [containerPortName(port)];
  return {
    Id: id,
    Name: name,
    Running: state.status === "running",
    Mode: hostConfig.NetworkMode ?? "bridge",
    Networks: networksOf(ctx, record),
    Ports: ports.map((one) => ({ Port: one, Listens: listensOn(listening, one), Ways: ways.filter(({ containerPort }) => containerPort === one).map(({ way }) => way) })),
    Warnings: [...ctx.network.warnings],
  };
}

function networksOf(ctx: EngineContext, { id }: ContainerRecord): ReachNetwork[] {
  return ctx.network.endpoints(id).flatMap(({ networkId, ip, ip6 }) => {
    const network = ctx.network.find(networkId);
    return network ? [{ Name: network.name, Driver: network.driver, Internal: network.internal, Talking: network.options["com.docker.network.bridge.enable_icc"] !== "false", Open: network.options["com.docker.network.bridge.gateway_mode_ipv4"] === "nat-unprotected", IPv4: ip, IPv6: ip6 }] : [];
  });
}

function listensOn(listening: readonly { readonly protocol: string; readonly address: string; readonly port: number }[] | undefined, name: string): ReachPort["Listens"] {
  const { containerPort, protocol } = parseContainerPort(name);
  if (!listening || protocol === "sctp") return "unknown";
  const found = listening.filter((listener) => listener.port === containerPort && listener.protocol === protocol);
  if (found.length === 0) return "nowhere";
  return found.every(({ address }) => address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:7f")) ? "loopback" : "everywhere";
}
