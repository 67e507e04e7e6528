import { EngineError } from "../../base/mod.ts";
import type { ContainerCreateRequest, HostConfig } from "../../spec/mod.ts";

const refuse = (options: string): never => {
  throw new EngineError("InvalidParameter", `conflicting options: ${options}`);
};
const UNDEFINED = "This would result in undefined behavior";

/** Settings of a network of one's own, asked for a container that has another's. @throws EngineError InvalidParameter, in Docker's words */
export function refuseNetworkConflicts(request: ContainerCreateRequest, host: HostConfig): void {
  const mode = host.NetworkMode ?? "";
  if (mode === "host" && host.Links?.length) refuse(`host type networking can't be used with links. ${UNDEFINED}`);
  if (!mode.startsWith("container:")) return;
  if (request.Hostname) refuse("hostname and the network mode");
  if (host.Links?.length) refuse(`container type network can't be used with links. ${UNDEFINED}`);
  if (host.Dns?.length) refuse("dns and the network mode");
  if (host.ExtraHosts?.length) refuse("custom host-to-IP mapping and the network mode");
  if (request.MacAddress) refuse("mac-address and the network mode");
  if (Object.keys(host.PortBindings ?? {}).length > 0 || host.PublishAllPorts) refuse("port publishing and the container type network mode");
  if (Object.keys(request.ExposedPorts ?? {}).length > 0) refuse("port exposing and the container type network mode");
}
