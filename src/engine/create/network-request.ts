import { EngineError } from "../../base/mod.ts";
import type { ContainerCreateRequest, EndpointSettings } from "../../spec/mod.ts";

const MAC = /^([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$/;

/** The endpoints that a container is created with: of its one network mode, with what the request says of it. */
export function networksOf(networkMode: string, request: ContainerCreateRequest): Record<string, EndpointSettings> {
  if (networkMode.startsWith("container:")) return {};
  const asked = request.NetworkingConfig?.EndpointsConfig ?? {};
  const settings = { ...(Object.hasOwn(asked, networkMode) ? asked[networkMode] : Object.hasOwn(asked, "default") && networkMode === "bridge" ? asked["default"] : {}) };
  const mac = request.MacAddress || settings.MacAddress || "";
  if (mac !== "" && !MAC.test(mac)) throw new EngineError("InvalidParameter", `invalid config for network ${networkMode}: invalid MAC address ${mac.slice(0, 64)}`);
  return { [networkMode]: { ...settings, MacAddress: mac } };
}
