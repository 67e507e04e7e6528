import type { Reference } from "../../spec/mod.ts";
import type { LoadedConfig } from "../config-file.ts";
import { CredentialStore, type Credentials } from "./credentials.ts";
import { registryKeyOf } from "./registry-key.ts";

/**
 * The header with which a request tells the engine who asks a registry; empty credentials when there are none. A helper that
 * fails counts as one that has none, as with docker: the registry will say what it misses.
 */
export async function registryHeader(config: LoadedConfig, reference: Pick<Reference, "domain">): Promise<{ "X-Registry-Auth": string }> {
  const key = registryKeyOf(reference);
  const found = await new CredentialStore(config).get(key).catch(() => undefined);
  return { "X-Registry-Auth": encodeAuth(key, found) };
}

function encodeAuth(serveraddress: string, credentials: Credentials | undefined): string {
  const { username = "", password = "", identityToken = "", registryToken = "" } = credentials ?? {};
  const config = { ...(username && { username }), ...(password && { password }), ...(credentials && { serveraddress }), ...(identityToken && { identitytoken: identityToken }), ...(registryToken && { registrytoken: registryToken }) };
  return Buffer.from(JSON.stringify(config)).toString("base64url");
}
