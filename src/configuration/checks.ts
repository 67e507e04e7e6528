import { requireCIDR, requireCIDRIPv6, ValueProblem } from "./kinds.ts";

/** Checks of single values, in dockerd's words. */

export function requireLabel(label: string): void {
  const at = label.indexOf("=");
  if (at < 1 || at === label.length - 1) throw new ValueProblem(`bad attribute format: ${label.slice(0, 128)}`);
}

/** Of `-H`; what has no protocol is TCP. */
export function bindAddress(written: string): string {
  const bad = (reason: string): ValueProblem => new ValueProblem(`invalid bind address (${written.slice(0, 128)}): ${reason}`);
  const address = written.includes("://") ? written : `tcp://${written}`;
  const protocol = address.slice(0, address.indexOf("://"));
  if (!["unix", "tcp", "fd"].includes(protocol)) throw bad(`unsupported proto '${protocol}'`);
  if (protocol === "tcp" && !/^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[^:/[\]]*)(:\d{1,5})?\/?$/.test(address)) throw bad("write tcp://address:port");
  if (protocol === "unix" && !/^unix:\/\/(\/.*)?$/.test(address)) throw bad("write unix:///path/of/socket");
  return address;
}

const DOMAIN = /^(?=.{1,255}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$/;

export function requireDomain(domain: string): void {
  if (domain !== "." && !DOMAIN.test(domain.trim())) throw new ValueProblem(`${domain.slice(0, 128)} is not a valid domain`);
}

export function requireExecOption(option: string): void {
  const [name = "", value] = option.split("=", 2);
  if (value === undefined) throw new ValueProblem(`invalid exec-opt (${option.slice(0, 64)}): must be formatted as 'opt=value'`);
  if (name !== "native.cgroupdriver") throw new ValueProblem(`invalid exec-opt (${option.slice(0, 64)}): unknown option: '${name}'`);
  if (value !== "cgroupfs" && value !== "systemd") throw new ValueProblem(`invalid exec-opt (${option.slice(0, 64)}): native.cgroupdriver is cgroupfs or systemd`);
}

/** The bridge's own address with its prefix. */
export function requireGateway(address: string): void {
  requireCIDR(address);
  const prefix = Number(address.split("/")[1]);
  if (prefix > 30) throw new ValueProblem(`invalid CIDR address: ${address}: a network of prefix ${prefix} has no room for containers`);
}

/** The same of IPv6. */
export function requireGatewayIPv6(address: string): void {
  requireCIDRIPv6(address);
  const prefix = Number(address.split("/")[1]);
  if (prefix > 126) throw new ValueProblem(`invalid CIDR address: ${address}: a network of prefix ${prefix} has no room for containers`);
}

export function requireMirror(mirror: string): void {
  const quoted = JSON.stringify(mirror.slice(0, 128));
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(mirror)?.[1];
  if (scheme === undefined) throw new ValueProblem(`invalid mirror: no scheme specified for ${quoted}: must use either 'https://' or 'http://'`);
  if (scheme !== "http" && scheme !== "https") throw new ValueProblem(`invalid mirror: unsupported scheme ${JSON.stringify(scheme)} in ${quoted}: must use either 'https://' or 'http://'`);
  if (!URL.canParse(mirror)) throw new ValueProblem(`invalid mirror: ${quoted} is not a valid URI`);
  const url = new URL(mirror);
  if (url.search !== "" || url.hash !== "") throw new ValueProblem(`invalid mirror: query or fragment at end of the URI ${quoted}`);
  if (url.username !== "" || url.password !== "") throw new ValueProblem("invalid mirror: username/password not allowed in URI");
}
