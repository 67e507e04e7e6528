import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Failure } from "../failure.ts";
import { fileFailure } from "../file-failure.ts";
import { jsonSyntaxError } from "../json-syntax-error.ts";
import { replaceFile } from "../replace-file.ts";

/**
 * Contexts as docker keeps them, so that both programs share them:
 *
 *   <config folder>/contexts/meta/<sha256 of the name>/meta.json
 *   <config folder>/contexts/tls/<sha256 of the name>/<endpoint>/{ca,cert,key}.pem
 */
export interface ContextMeta {
  readonly Name: string;
  readonly Metadata: Readonly<Record<string, unknown>>;
  readonly Endpoints: Readonly<Record<string, EndpointMeta>>;
}

export interface EndpointMeta {
  readonly Host?: string;
  readonly SkipTLSVerify: boolean;
}

/** Files of a context's TLS folder, by endpoint and name. */
export type TlsFiles = Readonly<Record<string, Readonly<Record<string, string>>>>;

export const contextId = (name: string): string => new Bun.CryptoHasher("sha256").update(name).digest("hex");
export const metaFolder = (folder: string, name: string): string => `${folder}/contexts/meta/${contextId(name)}`;
export const tlsFolder = (folder: string, name: string): string => `${folder}/contexts/tls/${contextId(name)}`;

/** @throws Failure when there is none of that name */
export function readContext(folder: string, name: string): ContextMeta {
  try {
    return readMeta(`${metaFolder(folder, name)}/meta.json`);
  } catch (error) {
    throw error instanceof Failure ? new Failure(`context ${JSON.stringify(name)}: ${error.message}`) : error;
  }
}

export const contextExists = (folder: string, name: string): boolean => existsSync(`${metaFolder(folder, name)}/meta.json`);

export function listContexts(folder: string): ContextMeta[] {
  const root = `${folder}/contexts/meta`;
  const ids = existsSync(root) ? readdirSync(root) : [];
  const paths = ids.map((id) => `${root}/${id}/meta.json`).filter((path) => existsSync(path));
  try {
    return paths.map(readMeta);
  } catch (error) {
    throw error instanceof Failure ? new Failure(`failed to read metadata: ${error.message}`) : error;
  }
}

function readMeta(path: string): ContextMeta {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const failure = fileFailure("open", path, error);
    throw existsSync(path) ? failure : new Failure(`context not found: ${failure.message}`);
  }
  return parseMeta(text, path);
}

/** @throws Failure that names `path` */
export function parseMeta(text: string, path: string): ContextMeta {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Failure(`parsing ${path}: ${jsonSyntaxError(text) ?? "invalid JSON"}`);
  }
  const meta = objectOf(value);
  const endpoints = Object.entries(objectOf(meta["Endpoints"])).map(([name, endpoint]) => [name, endpointOf(objectOf(endpoint))] as const);
  return { Name: String(meta["Name"] ?? ""), Metadata: objectOf(meta["Metadata"]), Endpoints: Object.fromEntries(endpoints) };
}

const endpointOf = (value: Record<string, unknown>): EndpointMeta => ({ ...(typeof value["Host"] === "string" && value["Host"] !== "" && { Host: value["Host"] }), SkipTLSVerify: value["SkipTLSVerify"] === true });
const objectOf = (value: unknown): Record<string, unknown> => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {});

export function writeMeta(folder: string, meta: ContextMeta): void {
  const target = metaFolder(folder, meta.Name);
  try {
    mkdirSync(target, { recursive: true, mode: 0o755 });
    replaceFile(`${target}/meta.json`, JSON.stringify(meta), 0o644);
  } catch (error) {
    throw fileFailure("open", `${target}/meta.json`, error);
  }
}

/** What was there before goes. */
export function writeTls(folder: string, name: string, files: TlsFiles): void {
  const root = tlsFolder(folder, name);
  rmSync(root, { recursive: true, force: true });
  for (const [endpoint, texts] of Object.entries(files)) {
    mkdirSync(`${root}/${endpoint}`, { recursive: true, mode: 0o700 });
    chmodSync(`${folder}/contexts/tls`, 0o700);
    for (const [file, text] of Object.entries(texts)) writeFileSync(`${root}/${endpoint}/${file}`, text, { mode: 0o600 });
  }
}

export function readTls(folder: string, name: string): TlsFiles {
  const root = tlsFolder(folder, name);
  const endpoints = existsSync(root) ? readdirSync(root).toSorted() : [];
  const filesOf = (endpoint: string) => readdirSync(`${root}/${endpoint}`).toSorted().map((file) => [file, readFileSync(`${root}/${endpoint}/${file}`, "utf8")] as const);
  return Object.fromEntries(endpoints.map((endpoint) => [endpoint, Object.fromEntries(filesOf(endpoint))]));
}

export function removeContext(folder: string, name: string): void {
  rmSync(metaFolder(folder, name), { recursive: true, force: true });
  rmSync(tlsFolder(folder, name), { recursive: true, force: true });
}
