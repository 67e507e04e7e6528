import { EngineError } from "../base/mod.ts";
import { parseDigest, type Digest } from "./digest.ts";

/**
 * An image name, normalised as Docker does: `debian` is `docker.io/library/debian`
 * (grammar: distribution/reference, OCI distribution spec "Pulling manifests").
 */
export interface Reference {
  /** Registry host with optional port, `docker.io` when none was written. */
  readonly domain: string;
  /** Repository path, with `library/` in front of Docker Hub's short names. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DOMAIN = /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const invalid = () => new EngineError("InvalidParameter", "invalid reference format");

/** Parses a name with an optional tag and digest; adds no default tag. @throws EngineError InvalidParameter, in Docker's words */
export function parseReference(text: string): Reference {
  if (text === "" || text.length > 1024) throw invalid();
  if (/^[0-9a-f]{64}$/.test(text)) throw new EngineError("InvalidParameter", `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  let rest = text;
  let digest: Digest | undefined;
  const at = rest.indexOf("@");
  if (at >= 0) {
    digest = parseDigestPart(rest.slice(at + 1));
    rest = rest.slice(0, at);
  }
  let tag: string | undefined;
  const colon = rest.lastIndexOf(":");
  if (colon > rest.lastIndexOf("/")) {
    tag = rest.slice(colon + 1);
    if (!TAG.test(tag)) throw invalid();
    rest = rest.slice(0, colon);
  }
  const { domain, path } = splitDomain(rest);
  if (!DOMAIN.test(domain) || path === "") throw invalid();
  if (path !== path.toLowerCase()) throw new EngineError("InvalidParameter", "invalid reference format: repository name (" + path + ") must be lowercase");
  if (!path.split("/").every((component) => COMPONENT.test(component))) throw invalid();
  if (domain.length + 1 + path.length > 255) throw new EngineError("InvalidParameter", "repository name must not be more than 255 characters");
  return { domain, path, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

function parseDigestPart(text: string): Digest {
  try {
    return parseDigest(text);
  } catch {
    throw invalid();
  }
}

function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, slash);
  const hasDomain = slash > 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  if (!hasDomain) return { domain: "docker.io", path: slash < 0 ? `library/${name}` : name };
  const domain = first === "index.docker.io" ? "docker.io" : first;
  const path = name.slice(slash + 1);
  return { domain, path: domain === "docker.io" && !path.includes("/") ? `library/${path}` : path };
}

/** The same name with `latest` where neither tag nor digest was written. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: "latest" } : reference;
}

/** The short form people read: `debian:12`, `localhost:5000/web@sha256:…`. */
export function familiarName(reference: Reference): string {
  return familiarRepository(reference) + (reference.tag === undefined ? "" : `:${reference.tag}`) + (reference.digest === undefined ? "" : `@${reference.digest}`);
}

export function familiarRepository({ domain, path }: Reference): string {
  if (domain !== "docker.io") return `${domain}/${path}`;
  return path.startsWith("library/") && !path.slice(8).includes("/") ? path.slice(8) : path;
}

/** The full form, one per image name: the key of the store. */
export function canonicalName(reference: Reference): string {
  return `${reference.domain}/${reference.path}` + (reference.tag === undefined ? "" : `:${reference.tag}`) + (reference.digest === undefined ? "" : `@${reference.digest}`);
}
