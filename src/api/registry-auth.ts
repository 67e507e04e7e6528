import type { RegistryAuth } from "../engine/mod.ts";
import type { BuildRequest } from "../spec/mod.ts";

const MAX_HEADER_CHARACTERS = 64 * 1024;

/**
 * The credentials that a request carries for its registry: base64url of JSON in X-Registry-Auth. As with Docker, what cannot be
 * read counts as none: the registry will say what it misses.
 */
export function registryAuth(headers: Readonly<Record<string, string | string[] | undefined>>): RegistryAuth {
  const header = headers["x-registry-auth"];
  if (typeof header !== "string" || header === "" || header.length > MAX_HEADER_CHARACTERS) return {};
  try {
    return credentials(JSON.parse(Buffer.from(header, "base64url").toString("utf8")));
  } catch {
    return {};
  }
}

/** Those of several registries, for a build: base64url of a JSON object by their names in X-Registry-Config. */
export function registryConfig(headers: Readonly<Record<string, string | string[] | undefined>>): BuildRequest["credentials"] {
  const header = headers["x-registry-config"];
  if (typeof header !== "string" || header === "" || header.length > MAX_HEADER_CHARACTERS) return {};
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
  } catch {
    // As with a single registry's: whoever needs them will say what it misses.
    return {};
  }
  const entries = Object.entries(Object(value) as object).map(([name, member]): [string, BuildRequest["credentials"][string]] => {
    const { username = "", password = "", identityToken = "" } = credentials(member);
    return [name, { username, password, identityToken }];
  });
  return Object.fromEntries(entries);
}

function credentials(value: unknown): RegistryAuth {
  const given = new Map(Object.entries(Object(value) as object).map(([name, member]) => [name.toLowerCase(), member as unknown]));
  const text = (name: string): string => {
    const member = given.get(name);
    return typeof member === "string" ? member : "";
  };
  const pair = Buffer.from(text("auth"), "base64").toString("utf8").replace(/\0+$/, "");
  const colon = pair.indexOf(":");
  const username = text("username") || (colon > 0 ? pair.slice(0, colon) : "");
  const password = text("password") || (colon > 0 ? pair.slice(colon + 1) : "");
  const [identityToken, registryToken] = [text("identitytoken"), text("registrytoken")];
  return { ...(username && { username }), ...(password && { password }), ...(identityToken && { identityToken }), ...(registryToken && { registryToken }) };
}
