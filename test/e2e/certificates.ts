/** A small authority for tests: openssl makes what node:crypto cannot. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../harness.ts";

/** `ca`, `server` for 127.0.0.1, `client`, `late` (a client's that has expired) and `stranger` (of another authority), each as <name>.pem and <name>.key. */
export async function makeCertificates(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await openssl(folder, "req", "-x509", ...key("ca"), "-out", "ca.pem", "-subj", "/CN=test authority", "-days", "2");
  await openssl(folder, "req", "-x509", ...key("stranger"), "-out", "stranger.pem", "-subj", "/CN=stranger", "-days", "2");
  await sign(folder, "server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n", "-days", "2");
  await sign(folder, "client", "extendedKeyUsage=clientAuth\n", "-days", "2");
  await sign(folder, "late", "extendedKeyUsage=clientAuth\n", "-days", "-1");
}

const key = (name: string): string[] => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", `${name}.key`];

async function sign(folder: string, name: string, extensions: string, ...validity: string[]): Promise<void> {
  writeFileSync(join(folder, `${name}.ext`), extensions);
  await openssl(folder, "req", ...key(name), "-out", `${name}.csr`, "-subj", `/CN=${name}`);
  await openssl(folder, "x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", `${name}.pem`, "-extfile", `${name}.ext`, ...validity);
}

async function openssl(folder: string, ...words: string[]): Promise<void> {
  const { code, stderr } = await run(["env", "-C", folder, "openssl", ...words]);
  if (code !== 0) throw new Error(`openssl ${words.join(" ")}: ${stderr}`);
}
