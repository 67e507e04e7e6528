import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { messageOf } from "../../base/mod.ts";
import type { TlsIdentity } from "../http/mod.ts";
import { RegistryError } from "./errors.ts";

/** Where distributions keep the authorities that this machine trusts. */
const SYSTEM_BUNDLES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];

/** What `certs.d/<host[:port]>` holds for one registry: authorities beside the system's, and a client's certificates. */
interface HostCertificates {
  readonly authorities: readonly string[];
  readonly pairs: readonly { readonly cert: string; readonly key: string }[];
}

/** Read anew with each look at a registry, so that new certificates need no restart. @throws RegistryError for a folder that is not as it must be */
export function tlsIdentity(host: string, verify: boolean, certsDirs: readonly string[]): TlsIdentity {
  const found = certsDirs.map((folder) => readHost(join(folder, host))).filter((certificates) => certificates !== undefined);
  const authorities = found.flatMap((certificates) => certificates.authorities);
  const [pair] = found.flatMap((certificates) => certificates.pairs);
  const context = secureContext(authorities, pair);
  return { key: JSON.stringify([verify, authorities, pair]), context, verify };
}

const CONTEXTS_KEPT = 64;
const contexts = new Map<string, SecureContext>();

function secureContext(authorities: readonly string[], pair: HostCertificates["pairs"][number] | undefined): SecureContext {
  const key = JSON.stringify([authorities, pair]);
  const known = contexts.get(key);
  if (known) return known;
  if (contexts.size >= CONTEXTS_KEPT) contexts.clear();
  const context = createSecureContext({ ca: [...systemAuthorities(), ...authorities], ...pair });
  contexts.set(key, context);
  return context;
}

let system: readonly string[] | undefined;

function systemAuthorities(): readonly string[] {
  system ??= readSystemAuthorities();
  return system;
}

function readSystemAuthorities(): readonly string[] {
  for (const path of SYSTEM_BUNDLES) {
    try {
      return [readFileSync(path, "utf8")];
    } catch {
      // The next distribution's place.
    }
  }
  return rootCertificates;
}

function readHost(folder: string): HostCertificates | undefined {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return undefined;
  }
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), "utf8");
    } catch (error) {
      throw new RegistryError("System", messageOf(error));
    }
  };
  const missing = (missingName: string, name: string): never => {
    throw new RegistryError("System", missingName.endsWith(".key") ? `missing key ${missingName} for client certificate ${name}. CA certificates must use the extension .crt` : `missing client certificate ${missingName} for key ${name}`);
  };
  const certNames = names.filter((name) => name.endsWith(".cert"));
  for (const name of names.filter((key) => key.endsWith(".key"))) if (!certNames.includes(name.replace(/key$/, "cert"))) missing(name.replace(/key$/, "cert"), name);
  const pairs = certNames.map((name) => {
    const keyName = name.replace(/cert$/, "key");
    if (!names.includes(keyName)) missing(keyName, name);
    return { cert: read(name), key: read(keyName) };
  });
  return { authorities: names.filter((name) => name.endsWith(".crt")).map(read), pairs };
}
