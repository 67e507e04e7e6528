import { isIP } from "node:net";
import { EngineError } from "../../base/mod.ts";
import type { ContainerCreateRequest, HostConfig } from "../../spec/mod.ts";
import { refuseNetworkConflicts } from "./network-conflicts.ts";
import { RLIMITS } from "../rlimits.ts";
import { validateRestartPolicy } from "./restart-policy.ts";
import { parseSecurityOptions } from "../security-options.ts";

const refuse = (message: string): never => {
  throw new EngineError("InvalidParameter", message);
};

/** Modes, policies and formats of HostConfig; limits are in validate-resources.ts. @throws EngineError InvalidParameter, in Docker's words */
export function validateHostConfig(request: ContainerCreateRequest, host: HostConfig): void {
  validateModes(host);
  refuseNetworkConflicts(request, host);
  validateRestartPolicy(host);
  if (isHostMode(host.UTSMode) && request.Hostname) refuse("conflicting options: hostname and the UTS mode");
  if (host.Isolation && host.Isolation !== "default") refuse(`invalid isolation (${host.Isolation.slice(0, 64)}): linux only supports 'default'`);
  validateNames(host);
  for (const key of Object.keys(host.Annotations ?? {})) if (key === "") refuse("invalid Annotations: the empty string is not permitted as an annotation key");
  for (const { Name = "" } of host.Ulimits ?? []) if (!Object.hasOwn(RLIMITS, Name)) refuse(`invalid ulimit type: ${Name.slice(0, 64)}`);
  for (const { Name = "", Soft = 0, Hard = 0 } of host.Ulimits ?? []) if (Hard !== -1 && (Soft > Hard || Soft === -1)) refuse(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard} (${Name})`);
  for (const rule of host.DeviceCgroupRules ?? []) if (!/^[acb] ([0-9]+:[0-9]+|[0-9]+:\*|\*:[0-9]+|\*:\*) [rwm]{1,3}$/.test(rule)) refuse(`invalid device cgroup rule format: '${rule.slice(0, 64)}'`);
  const unknown = Object.keys(host.StorageOpt ?? {}).find((option) => option !== "size");
  if (unknown !== undefined) refuse(`Unknown option ${unknown.slice(0, 64)}`);
  if (host.StorageOpt?.["size"] !== undefined) refuse("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
  validatePorts(host);
  parseSecurityOptions(host.SecurityOpt ?? []);
}

function validateNames(host: HostConfig): void {
  for (const entry of host.ExtraHosts ?? []) {
    const [, name, address = ""] = /^([^:]*):(.*)$/s.exec(entry) ?? [];
    if (!name) refuse(`bad format for add-host: ${JSON.stringify(entry.slice(0, 128))}`);
    if (address !== "host-gateway" && isIP(address) === 0) refuse(`invalid IP address in add-host: ${JSON.stringify(address.slice(0, 64))}`);
  }
  const server = host.Dns?.find((address) => isIP(address) === 0);
  if (server !== undefined) refuse(`bad nameserver address ${server.slice(0, 64)}: ParseAddr(${JSON.stringify(server.slice(0, 64))}): unable to parse IP`);
}

function validateModes(host: HostConfig): void {
  const { PidMode = "", IpcMode = "", UTSMode = "", CgroupnsMode = "" } = host;
  if (!/^(host|container:.+)?$/.test(PidMode)) refuse(`invalid PID mode: ${PidMode.slice(0, 128)}`);
  if (!/^(none|host|private|shareable|container:.+)?$/.test(IpcMode)) refuse(`invalid IPC mode: ${IpcMode.slice(0, 128)}`);
  if (!/^(host)?$/.test(UTSMode)) refuse(`invalid UTS mode: ${UTSMode.slice(0, 128)}`);
  if (!/^(host|private)?$/.test(CgroupnsMode)) refuse(`invalid cgroup namespace mode: ${CgroupnsMode.slice(0, 128)}`);
  if (host.NetworkMode === "container:") refuse("invalid network mode: invalid container format container:<name|id>");
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) < 65536;

/** @throws EngineError InvalidParameter, in Docker's words */
export function validatePorts(host: Pick<HostConfig, "PortBindings">): void {
  for (const [port, bindings] of Object.entries(host.PortBindings ?? {})) {
    const number = port.split("/")[0] ?? "";
    if (!isPort(number)) refuse(`invalid port specification: ${JSON.stringify(number.slice(0, 64))}`);
    if (!/^\d+(\/(tcp|udp|sctp))?$/i.test(port)) refuse(`invalid port specification: ${JSON.stringify(port.slice(0, 64))}`);
    for (const { HostPort = "" } of bindings ?? []) if (HostPort !== "" && !HostPort.split("-").every(isPort)) refuse(`invalid port specification: ${JSON.stringify(HostPort.slice(0, 64))}`);
  }
}

export function isHostMode(mode: string | undefined): boolean {
  return mode === "host";
}
