import { bool, listOf, mapOf, string, struct } from "./json-shape.ts";
import { endpointSettings } from "./container-request.ts";
import { filters, flag, text } from "./query.ts";
import { empty, json, route } from "./route.ts";
import type { AddressRange, NetworkCreateRequest } from "../engine/mod.ts";
import type { EndpointSettings } from "../spec/mod.ts";

const addressRange = struct<{ -readonly [K in keyof AddressRange]: AddressRange[K] }>("network.IPAMConfig", { Subnet: string, IPRange: string, Gateway: string, AuxiliaryAddresses: mapOf(string) });

const createRequest = struct<NetworkCreateRequest>("network.CreateRequest", {
  Name: string,
  Driver: string,
  Scope: string,
  EnableIPv4: bool,
  EnableIPv6: bool,
  Internal: bool,
  Attachable: bool,
  Ingress: bool,
  ConfigOnly: bool,
  ConfigFrom: struct<{ Network?: string }>("network.ConfigReference", { Network: string }),
  IPAM: struct<NonNullable<NetworkCreateRequest["IPAM"]>>("network.IPAM", { Driver: string, Options: mapOf(string), Config: listOf(addressRange) }),
  Options: mapOf(string),
  Labels: mapOf(string),
});

const connectRequest = struct<{ Container?: string; EndpointConfig?: EndpointSettings }>("container.NetworkConnectOptions", { Container: string, EndpointConfig: endpointSettings });
const disconnectRequest = struct<{ Container?: string; Force?: boolean }>("network.DisconnectOptions", { Container: string, Force: bool });

export const networks = [
  route("GET /networks", {
    summary: "Lists networks.",
    query: { filters: filters(["dangling", "driver", "id", "label", "name", "scope", "type"]) },
    failures: [400],
    respond: async ({ engine, query }) => json(await engine.listNetworks(query.filters)),
  }),
  route("GET /networks/{id}", {
    summary: "One network.",
    query: { verbose: flag("Has no effect."), scope: text("Has no effect: all networks are local.") },
    failures: [404],
    respond: async ({ engine, ref }) => json(await engine.inspectNetwork(ref)),
  }),
  route("POST /networks/create", {
    summary: "Creates a network.",
    body: createRequest,
    success: [201],
    failures: [400, 403, 404, 409, 501],
    respond: async ({ engine, json: request }) => json(await engine.createNetwork(request), 201),
  }),
  route("DELETE /networks/{id}", {
    summary: "Removes a network that no running container is on.",
    success: [204],
    failures: [403, 404],
    respond: async ({ engine, ref }) => {
      await engine.removeNetwork(ref);
      return empty();
    },
  }),
  route("POST /networks/{id}/connect", {
    summary: "Connects a container to a network; at once while it runs, else when it starts.",
    body: connectRequest,
    failures: [400, 403, 404],
    respond: async ({ engine, ref, json: { Container = "", EndpointConfig } }) => {
      await engine.connectNetwork(ref, Container, EndpointConfig ?? {});
      return empty(200);
    },
  }),
  route("POST /networks/{id}/disconnect", {
    summary: "Disconnects a container from a network.",
    body: disconnectRequest,
    failures: [400, 403, 404],
    respond: async ({ engine, ref, json: { Container = "", Force } }) => {
      await engine.disconnectNetwork(ref, Container, { force: Force });
      return empty(200);
    },
  }),
  route("POST /networks/prune", {
    summary: "Removes the networks that users made and no container is on.",
    query: { filters: filters(["label", "label!", "until"]) },
    failures: [400],
    respond: async ({ engine, query }) => json(await engine.pruneNetworks(query.filters)),
  }),
];
