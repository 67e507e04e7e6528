import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { Filters } from "./options.ts";
export interface NetworkResource { Name: string; Id: string; Created: string; Scope: string; Driver: string; EnableIPv4: boolean; EnableIPv6: boolean; IPAM: { Driver: string; Options: Record<string, string> | null; Config: { Subnet?: string; Gateway?: string }[] | null }; Internal: boolean; Attachable: boolean; Ingress: boolean; ConfigFrom: { Network: string }; ConfigOnly: boolean; Containers: Record<string, { Name: string; EndpointID: string; MacAddress: string; IPv4Address: string; IPv6Address: string }>; Options: Record<string, string> | null; Labels: Record<string, string> | null }
export async function listNetworks(_ctx: EngineContext, _filters: Filters = {}): Promise<NetworkResource[]> { throw new EngineError("NotImplemented", "not yet"); }
export async function inspectNetwork(_ctx: EngineContext, _ref: string): Promise<NetworkResource> { throw new EngineError("NotImplemented", "not yet"); }
