import { EngineError } from "../base/mod.ts";
import { macDigits } from "./create/network-request.ts";
import type { ContainerRecord } from "./record.ts";

const refuse = (reason: string): never => {
  throw new EngineError("InvalidParameter", `failed to set up container networking: ${reason}`);
};

/** Which networks may go together, in Docker's words. @throws EngineError InvalidParameter, NotFound */
export function requireOneNetwork({ hostConfig, networks }: Pick<ContainerRecord, "hostConfig" | "networks">): void {
  const names = Object.keys(networks);
  const unknown = names.find((name) => !["bridge", "host", "none"].includes(name));
  if (names.length < 2 && unknown === undefined) return;
  if (hostConfig.NetworkMode === "host" || names.includes("host")) refuse("container sharing network namespace with another container or host cannot be connected to any other network");
  if (names.includes("none")) refuse("container cannot be connected to multiple networks with one of the networks in private (none) mode");
  const other = unknown ?? names.find((name) => name !== hostConfig.NetworkMode) ?? "";
  throw new EngineError("NotFound", `failed to set up container networking: network ${other.slice(0, 128)} not found`);
}

/** An Ethernet address as the kernel takes it, `02:42:…`. @throws EngineError InvalidParameter */
export function ethernetAddress(mac: string): string {
  const digits = macDigits(mac) ?? "";
  if (digits.length !== 12) refuse(`a MAC address on a bridge has 6 bytes, ${JSON.stringify(mac)} has ${digits.length / 2}`);
  return (digits.match(/../g) ?? []).join(":");
}
