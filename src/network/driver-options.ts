import { isIP } from "node:net";
import { EngineError } from "../base/mod.ts";
import { isGatewayMode } from "./gateway-mode.ts";

type Checked = "boolean" | "mtu" | "address4" | "gatewayMode" | "interface" | "interfaces";

/** Docker's names for the options of its bridge driver, with what this engine understands by them. */
const BRIDGE_OPTIONS: Readonly<Record<string, Checked>> = {
  "com.docker.network.bridge.name": "interface",
  "com.docker.network.bridge.default_bridge": "boolean",
  "com.docker.network.bridge.enable_icc": "boolean",
  "com.docker.network.bridge.enable_ip_masquerade": "boolean",
  "com.docker.network.bridge.host_binding_ipv4": "address4",
  "com.docker.network.bridge.gateway_mode_ipv4": "gatewayMode",
  "com.docker.network.bridge.gateway_mode_ipv6": "gatewayMode",
  "com.docker.network.bridge.inhibit_ipv4": "boolean",
  "com.docker.network.bridge.trusted_host_interfaces": "interfaces",
  "com.docker.network.driver.mtu": "mtu",
};

const TRUE = /^(1|t|true)$/i;
const FALSE = /^(0|f|false)$/i;
const LONGEST_NAME = 15;

/** A switch that is on unless it is said to be off. */
export function readOption(options: Readonly<Record<string, string>>, name: string): boolean {
  return !FALSE.test(options[name] ?? "true");
}

/** The host has no IPv4 address on the bridge. */
export const isInhibited = ({ options }: { readonly options: Readonly<Record<string, string>> }): boolean => TRUE.test(options["com.docker.network.bridge.inhibit_ipv4"] ?? "");

/** @throws EngineError InvalidParameter, in Docker's words */
export function checkBridgeOptions(options: Readonly<Record<string, string>>, { internal }: { internal: boolean }): void {
  for (const [name, value] of Object.entries(options)) {
    const kind = BRIDGE_OPTIONS[name];
    check(name, kind, value);
    if (kind === "gatewayMode" && value === "isolated" && !internal) throw new EngineError("InvalidParameter", "gateway mode 'isolated' can only be used for an internal network");
  }
}

/** MTU of the option, if it is there. */
export function mtuOption(options: Readonly<Record<string, string>>): number | undefined {
  const value = options["com.docker.network.driver.mtu"];
  return value === undefined || value === "" ? undefined : Number(value);
}

function check(name: string, kind: Checked | undefined, value: string): void {
  const refuse = (reason: string): never => {
    throw new EngineError("InvalidParameter", `failed to parse ${name} value: ${value.slice(0, 64)} (${reason})`);
  };
  switch (kind) {
    case "boolean":
      if (!TRUE.test(value) && !FALSE.test(value)) refuse(`strconv.ParseBool: parsing ${JSON.stringify(value.slice(0, 64))}: invalid syntax`);
      return;
    case "mtu":
      if (!/^[+-]?\d{1,9}$/.test(value)) refuse(`strconv.Atoi: parsing ${JSON.stringify(value.slice(0, 64))}: invalid syntax`);
      if (Number(value) < 0) throw new EngineError("InvalidParameter", `invalid MTU number: ${value}`);
      if (Number(value) !== 0 && (Number(value) < 68 || Number(value) > 65535)) throw new EngineError("InvalidParameter", `invalid MTU number: ${value}: a bridge takes 68 to 65535`);
      return;
    case "address4":
      if (isIP(value) === 0) refuse("nil ip");
      return;
    case "gatewayMode":
      if (!isGatewayMode(value)) refuse(`unknown gateway mode ${value.slice(0, 64)}`);
      return;
    case "interfaces":
      for (const one of value.split(":")) check(name, "interface", one);
      return;
    case "interface":
      if (value.length > LONGEST_NAME) throw new EngineError("InvalidParameter", "numerical result out of range");
      // The firewall's tables name it as text, in which quotes cannot be escaped and a star stands for any name.
      if (value !== "" && !/^[^\s/:%"\\*\p{Cc}]+$/u.test(value)) throw new EngineError("InvalidParameter", `invalid bridge name: ${JSON.stringify(value)}`);
      return;
    default:
  }
}
