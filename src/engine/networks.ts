import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { networkId } from "./emit.ts";
import { exactly, onlyKnown } from "./filters.ts";
import type { Filters } from "./options.ts";
import { bridgeEndpoint } from "./shapes.ts";
import { isRunning } from "./state.ts";

export interface NetworkResource {
  Name: string;
  Id: string;
  Created: string;
  Scope: string;
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: { Driver: string; Options: Record<string, string> | null; Config: { Subnet?: string; Gateway?: string }[] | null };
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: { Network: string };
  ConfigOnly: boolean;
  Containers: Record<string, { Name: string; EndpointID: string; MacAddress: string; IPv4Address: string; IPv6Address: string }>;
  Options: Record<string, string> | null;
  Labels: Record<string, string> | null;
}

const DRIVERS: Readonly<Record<string, string>> = { bridge: "bridge", host: "host", none: "null" };

/** The three networks that are always there. @throws EngineError InvalidParameter for a filter that is none */
export async function listNetworks(ctx: EngineContext, filters: Filters = {}): Promise<NetworkResource[]> {
  onlyKnown(filters, ["driver", "id", "label", "name", "scope", "type", "dangling"]);
  const names = Object.keys(DRIVERS).filter(
    (name) =>
      exactly(filters["driver"], DRIVERS[name] ?? "") &&
      (!filters["name"]?.length || filters["name"].some((text) => name.includes(text))) &&
      (!filters["id"]?.length || filters["id"].some((text) => networkId(ctx, name).includes(text))) &&
      exactly(filters["scope"], "local") &&
      exactly(filters["type"], "builtin") &&
      !filters["label"]?.length &&
      !filters["dangling"]?.some((value) => /^(1|t|true)$/i.test(value)),
  );
  return names.map((name) => ({ ...networkOf(ctx, name), Containers: {} }));
}

/** @throws EngineError NotFound */
export async function inspectNetwork(ctx: EngineContext, ref: string): Promise<NetworkResource> {
  const name = Object.keys(DRIVERS).find((candidate) => candidate === ref) ?? Object.keys(DRIVERS).find((candidate) => ref !== "" && networkId(ctx, candidate).startsWith(ref));
  if (name === undefined) throw new EngineError("NotFound", `network ${ref.slice(0, 128)} not found`);
  return networkOf(ctx, name);
}

function networkOf(ctx: EngineContext, name: string): NetworkResource {
  const { bridge } = ctx.network;
  const isBridge = name === "bridge";
  return {
    Name: name,
    Id: networkId(ctx, name),
    Created: ctx.identity.createdAt,
    Scope: "local",
    Driver: DRIVERS[name] ?? "",
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: isBridge ? [{ Subnet: bridge.subnet, Gateway: bridge.gateway }] : null },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: attachedTo(ctx, name),
    Options: isBridge
      ? {
          "com.docker.network.bridge.default_bridge": "true",
          "com.docker.network.bridge.enable_icc": "true",
          "com.docker.network.bridge.enable_ip_masquerade": "true",
          "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
          "com.docker.network.bridge.name": bridge.name,
          "com.docker.network.driver.mtu": String(bridge.mtu),
        }
      : {},
    Labels: {},
  };
}

function attachedTo(ctx: EngineContext, name: string): NetworkResource["Containers"] {
  const attached: NetworkResource["Containers"] = {};
  for (const record of ctx.containers.all()) {
    if (!isRunning(record.state) || !Object.hasOwn(record.networks, name)) continue;
    const endpoint = name === "bridge" ? bridgeEndpoint(ctx, record) : undefined;
    attached[record.id] = { Name: record.name, EndpointID: endpoint?.endpointId ?? "", MacAddress: endpoint?.mac ?? "", IPv4Address: endpoint ? `${endpoint.ip}/${endpoint.prefix}` : "", IPv6Address: "" };
  }
  return attached;
}
