import type { EndpointSettings, MountPoint } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { endpointNames, knowsNames } from "./endpoint-wishes.ts";
import type { Endpoint } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";
import { isRunning, type ContainerState } from "./state.ts";
import { driverOf } from "./store/volumes.ts";
import { shownPlace } from "./volume-mounts.ts";

/** Parts that list and inspect both show. */

export function mountPoints(ctx: EngineContext, record: ContainerRecord): MountPoint[] {
  return record.mounts
    .filter(({ type, request }) => type !== "tmpfs" || request !== undefined)
    .map((mount) => ({ ...mount, volume: mount.type === "volume" ? ctx.volumes.get(mount.source) : undefined }))
    .map(({ type, source, destination, readOnly, mode, propagation, volume }) => ({
      Type: type,
      ...((type === "volume" || type === "image") && { Name: source }),
      Source: type === "volume" ? shownPlace(ctx, record.id, source) : source,
      Destination: destination,
      ...(type === "volume" && { Driver: driverOf(volume ?? {}) }),
      Mode: mode,
      RW: !readOnly,
      Propagation: propagation,
    }));
}

/** By state, which is another object after every change: a list of many containers asks for none that it knows. */
const shownEndpoints = new WeakMap<ContainerState, { readonly endpoints: readonly Endpoint[]; readonly settings: Record<string, EndpointSettings> }>();

/** A container's endpoints by network name; addresses while it runs. */
export function endpointsOf(ctx: EngineContext, record: ContainerRecord): Record<string, EndpointSettings> {
  const endpoints = isRunning(record.state) ? ctx.network.endpoints(record.id) : [];
  const known = shownEndpoints.get(record.state);
  if (known?.endpoints === endpoints && Object.keys(known.settings).length === Object.keys(record.networks).length) return known.settings;
  const settings = Object.fromEntries(Object.entries(record.networks).map(([name, asked]) => [name, endpointSettings(ctx, record, name, asked, endpoints)]));
  shownEndpoints.set(record.state, { endpoints, settings });
  return settings;
}

function endpointSettings(ctx: EngineContext, record: ContainerRecord, name: string, asked: EndpointSettings, endpoints: readonly Endpoint[]): EndpointSettings {
  const endpoint = endpoints.find(({ networkName }) => networkName === name);
  const settings: Record<string, unknown> = {
    IPAMConfig: asked.IPAMConfig ?? null,
    Links: asked.Links ?? null,
    Aliases: asked.Aliases ?? null,
    MacAddress: endpoint?.mac ?? asked.MacAddress ?? "",
    DriverOpts: asked.DriverOpts ?? null,
    GwPriority: asked.GwPriority ?? 0,
    NetworkID: endpoint?.networkId ?? (record.state.status === "created" ? undefined : ctx.network.find(name)?.id) ?? asked.NetworkID ?? "",
    EndpointID: endpoint?.endpointId ?? "",
    Gateway: endpoint?.gateway ?? "",
    IPAddress: endpoint?.ip ?? "",
    IPPrefixLen: endpoint?.prefix ?? 0,
    IPv6Gateway: endpoint?.gateway6 ?? "",
    GlobalIPv6Address: endpoint?.ip6 ?? "",
    GlobalIPv6PrefixLen: endpoint?.prefix6 ?? 0,
    DNSNames: knowsNames(name) && record.state.status !== "created" ? endpointNames(record, asked) : null,
  };
  // Docker shows absent lists as null, which the generated types do not say.
  return settings as EndpointSettings;
}
