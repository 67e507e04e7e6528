import type { EndpointSettings, MountPoint } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { networkId } from "./emit.ts";
import { volumeData } from "./paths.ts";
import type { Endpoint } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";
import { isRunning, type ContainerState } from "./state.ts";

/** Parts that list and inspect both show. */

export function mountPoints(ctx: EngineContext, record: ContainerRecord): MountPoint[] {
  return record.mounts
    .filter(({ type, request }) => type !== "tmpfs" || request !== undefined)
    .map(({ type, source, destination, readOnly, mode, propagation }) => ({
      Type: type,
      ...((type === "volume" || type === "image") && { Name: source }),
      Source: type === "volume" ? volumeData(ctx.paths, source) : source,
      Destination: destination,
      ...(type === "volume" && { Driver: "local" }),
      Mode: mode,
      RW: !readOnly,
      Propagation: propagation,
    }));
}

type ShownEndpoint = Pick<Endpoint, "endpointId" | "ip" | "prefix" | "gateway" | "mac">;

/** By state, which is another object after every change: a list of many containers asks the store for none that it knows. */
const shownEndpoints = new WeakMap<ContainerState, ShownEndpoint>();

/** Of a running container on the default bridge. */
export function bridgeEndpoint(ctx: EngineContext, { id, state, networks }: ContainerRecord): ShownEndpoint | undefined {
  if (!isRunning(state) || !Object.hasOwn(networks, "bridge")) return undefined;
  const known = shownEndpoints.get(state) ?? ctx.network.endpoint(id);
  if (known) shownEndpoints.set(state, known);
  return known;
}

/** A container's endpoints by network name; addresses while it runs. */
export function endpointsOf(ctx: EngineContext, record: ContainerRecord): Record<string, EndpointSettings> {
  const running = isRunning(record.state);
  return Object.fromEntries(
    Object.entries(record.networks).map(([name, asked]) => {
      const endpoint = name === "bridge" ? bridgeEndpoint(ctx, record) : undefined;
      const settings: Record<string, unknown> = {
        IPAMConfig: asked.IPAMConfig ?? null,
        Links: asked.Links ?? null,
        Aliases: asked.Aliases ?? null,
        MacAddress: endpoint?.mac ?? asked.MacAddress ?? "",
        DriverOpts: asked.DriverOpts ?? null,
        GwPriority: asked.GwPriority ?? 0,
        NetworkID: running ? networkId(ctx, name) : "",
        EndpointID: endpoint?.endpointId ?? "",
        Gateway: endpoint?.gateway ?? "",
        IPAddress: endpoint?.ip ?? "",
        IPPrefixLen: endpoint?.prefix ?? 0,
        IPv6Gateway: "",
        GlobalIPv6Address: "",
        GlobalIPv6PrefixLen: 0,
        DNSNames: null,
      };
      // Docker shows absent lists as null, which the generated types do not say.
      return [name, settings as EndpointSettings];
    }),
  );
}
