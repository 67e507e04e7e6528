import { BlockList, isIP } from "node:net";
import { TransportError } from "./errors.ts";

/** As in daemon.json: addresses of proxies, "" for none, and whom to reach without. */
export interface Proxies {
  readonly http: string;
  readonly https: string;
  /** Comma-separated hosts, `.suffixes`, addresses and CIDRs, each with an optional port; `*` for all. */
  readonly no: string;
}

/** The proxy for a server, by the rules of Go's httpproxy: never for this machine. @throws TransportError for an address that is none */
export function proxyFor(url: URL, proxies: Proxies): URL | undefined {
  const address = url.protocol === "https:" ? proxies.https : proxies.http;
  if (address === "" || isExempt(url, proxies.no)) return undefined;
  const proxy = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `http://${address}`);
  if (proxy && (proxy.protocol === "http:" || proxy.protocol === "https:")) return proxy;
  throw new TransportError("connect", `invalid proxy address ${JSON.stringify(address.replace(/\/\/[^/@]*@/, "//xxxxx:xxxxx@"))}: it must be a URL of http or https`);
}

function isExempt(url: URL, rules: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (host === "localhost" || isLoopback(host)) return true;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return rules
    .split(",")
    .map((rule) => rule.trim().toLowerCase())
    .some((rule) => rule !== "" && matches(rule, host, port));
}

function matches(rule: string, host: string, port: string): boolean {
  if (rule === "*") return true;
  if (rule.includes("/")) return isIP(host) !== 0 && inRange(host, rule);
  const written = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(rule);
  const name = (written?.[1] ?? written?.[2] ?? rule).replace(/^\*\./, ".");
  if (written && written[3] !== port) return false;
  return name.startsWith(".") ? host.endsWith(name) : host === name || (isIP(name) === 0 && host.endsWith(`.${name}`));
}

const isLoopback = (host: string): boolean => isIP(host) !== 0 && (inRange(host, "127.0.0.0/8") || host === "::1");

/** @param range a CIDR; one that is none contains nothing */
export function inRange(address: string, range: string): boolean {
  const [base = "", bits = ""] = range.split("/");
  const family = isIP(base);
  if (family === 0 || family !== isIP(address) || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const kind = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(base, Number(bits), kind);
  return list.check(address, kind);
}
