import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { inRange, proxyFor, TransportError } from "../http/mod.ts";
import { RegistryError } from "./errors.ts";
import type { RegistryClientOptions } from "./types.ts";

/** One place where a registry's content can be had. */
export interface Endpoint {
  /** Up to, and without, `/v2/`. */
  readonly base: URL;
  /** Another's copy: gets no credentials, and its failures are passed over. */
  readonly mirror: boolean;
  readonly verify: boolean;
}

export const DOCKER_HUB = "docker.io";
const DOCKER_HUB_HOST = "registry-1.docker.io";
const ALWAYS_INSECURE = ["127.0.0.0/8", "::1/128"];

/** In the order in which to try them. @param domain of a reference, such as `docker.io` or `localhost:5000` */
export async function mirrorsOf(domain: string, options: RegistryClientOptions): Promise<readonly Endpoint[]> {
  const { mirrors = {} } = options;
  const copies = (Object.hasOwn(mirrors, domain) ? mirrors[domain] : domain === DOCKER_HUB ? undefined : mirrors["*"]) ?? [];
  return Promise.all(copies.map(async (mirror) => mirrorEndpoint(mirror, options)));
}

/** What decides how a registry is spoken to. */
export type Rules = Pick<RegistryClientOptions, "insecure" | "proxies">;

/** Those of the registry itself, over plain HTTP only where the operator calls it insecure. */
export async function ownEndpoints(domain: string, rules: Rules): Promise<readonly Endpoint[]> {
  const host = domain === DOCKER_HUB ? DOCKER_HUB_HOST : domain;
  const base = parseHttpUrl(`https://${host}`);
  if (!base || /[/?#@\\\s]/.test(host)) throw new RegistryError("InvalidParameter", `invalid registry: ${JSON.stringify(host.slice(0, 255))} is not a host`);
  const secure = { base, mirror: false, verify: true };
  if (domain === DOCKER_HUB || !(await isInsecure(base, rules))) return [secure];
  return [
    { ...secure, verify: false },
    { base: new URL(`http://${host}`), mirror: false, verify: false },
  ];
}

/**
 * Does something at the registry itself, over TLS, or without where the operator says so. Whoever answers over TLS, even if only
 * to refuse, is not asked again without.
 */
export async function firstReachable<T>(endpoints: readonly Endpoint[], action: (endpoint: Endpoint) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (const endpoint of endpoints.slice(0, -1)) {
    try {
      return await action(endpoint);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof RegistryError) || error.details.status !== undefined || speaksTls(error.cause)) throw error;
    }
  }
  const [last] = endpoints.slice(-1);
  if (!last) throw new RegistryError("System", "there is no way to the registry");
  return action(last);
}

const speaksTls = (cause: unknown): boolean => cause instanceof TransportError && cause.failure === "tls";

async function mirrorEndpoint(mirror: string, rules: Rules): Promise<Endpoint> {
  const base = parseHttpUrl(mirror);
  if (!base) throw new RegistryError("InvalidParameter", `invalid mirror: "${mirror}" is not a URL of http or https`);
  return { base, mirror: true, verify: base.protocol === "https:" && !(await isInsecure(base, rules)) };
}

/** @returns undefined for what is no URL of http or https */
export function parseHttpUrl(text: string, base?: URL): URL | undefined {
  const url = URL.parse(text, base?.href);
  return url && (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "" ? url : undefined;
}

/** Docker's rule: by name with port as written, or when the host has an address in one of the ranges. */
async function isInsecure(url: URL, { insecure = [], proxies }: Rules): Promise<boolean> {
  const bare = insecure.map((rule) => rule.replace(/^https?:\/\//, "").replace(/\/$/, ""));
  // A URL leaves out its scheme's own port, people write it at times.
  if (bare.includes(url.host) || bare.includes(`${url.hostname}:${url.port || "443"}`)) return true;
  const name = url.hostname.replace(/^\[|\]$/g, "");
  const ranges = [...bare.filter((rule) => rule.includes("/")), ...ALWAYS_INSECURE];
  // Names that a proxy looks up are not looked up here.
  const addresses = isIP(name) ? [name] : proxies && proxyFor(url, proxies) ? [] : await addressesOf(name);
  return addresses.some((address) => ranges.some((range) => inRange(address, range)));
}

async function addressesOf(name: string): Promise<readonly string[]> {
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
