import { requireCIDR, ValueProblem } from "./kinds.ts";

/** Checks of single values, in dockerd's words. */

export function requireLabel(label: string): void {
  const at = label.indexOf("=");
  if (at < 1 || at === label.length - 1) throw new ValueProblem(`bad attribute format: ${label.slice(0, 128)}`);
}

/** `-H`: docker also takes what has no protocol, as TCP. */
export function requireBindAddress(address: string): void {
  const bad = (reason: string): ValueProblem => new ValueProblem(`invalid bind address (${address.slice(0, 128)}): ${reason}`);
  const protocol = /^([a-z0-9]*):\/\//.exec(address)?.[1];
  if (protocol === undefined) throw bad("write unix:///path, tcp://address:port or fd://");
  if (protocol === "npipe") throw bad("named pipes are Windows'");
  if (!["unix", "tcp", "fd"].includes(protocol)) throw bad(`unsupported proto '${protocol}'`);
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
  const host = (address.split("/")[0] ?? "").split(".").reduce((value, part) => value * 256 + Number(part), 0) % 2 ** (32 - prefix);
  if (host > 1) throw new ValueProblem(`${address} cannot be used: the bridge has the first address of its network`);
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
