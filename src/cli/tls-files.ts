import { existsSync, readFileSync } from "node:fs";
import type { TlsMaterial } from "../client/mod.ts";
import { fileFailure } from "./file-failure.ts";
import type { Flags } from "./flags.ts";

/** What `--tls…`, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH name. @throws Failure when a file is not there */
export function readTlsFiles(flags: Flags, configFolder: string): TlsMaterial {
  const folder = process.env["DOCKER_CERT_PATH"] || configFolder;
  const verify = flags.changed("tlsverify") ? flags.bool("tlsverify") : Boolean(process.env["DOCKER_TLS_VERIFY"]);
  // A certificate of one's own is optional: only what was named must be there.
  const optional = (flag: string, name: string) => {
    const path = flags.string(flag) ?? `${folder}/${name}`;
    return flags.changed(flag) || existsSync(path) ? readPem(path) : undefined;
  };
  return { ca: readPem(flags.string("tlscacert") ?? `${folder}/ca.pem`), cert: optional("tlscert", "cert.pem"), key: optional("tlskey", "key.pem"), verify };
}

export function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw fileFailure("open", path, error);
  }
}
