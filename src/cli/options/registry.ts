import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { RegistryAccessSettings, RegistryGarbageSettings, RegistryProxySettings, RegistrySettings, RegistryStorageSettings } from "../../configuration/mod.ts";
import { Failure } from "../failure.ts";
import { isRepeated, type Flags } from "../flags.ts";
import { parseLine } from "../parse.ts";

const DEFAULT_ADDRESS = "127.0.0.1:5000";
const DEFAULT_ROOT = "/var/lib/hako-registry";
const DEFAULT_REGION = "us-east-1";
const NS_PER_MS = 1_000_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What a cache lets go of is not relied on by anybody for long, and is to go soon. */
const EVICTING = { graceMs: HOUR_MS, intervalMs: HOUR_MS / 4 };

/** What the command line says, then what the file says. */
interface Given {
  text(name: string): string | undefined;
  bool(name: string): boolean;
  milliseconds(name: string, otherwise: number): number;
}

/** @throws Failure naming the flag that is wrong */
export function registrySettings(flags: Flags): RegistrySettings {
  const given = givenBy(flags);
  return {
    ...parseAddress(given.text("addr") ?? DEFAULT_ADDRESS),
    tls: together(given, { certPath: "tls-cert", keyPath: "tls-key" }),
    storage: storageSettings(given, given.bool("s3-redirect")),
    access: accessSettings(given),
    readOnly: given.bool("read-only"),
    limits: limitSettings(given),
    garbage: { ...garbageSettings(given, evicts(given) ? EVICTING.graceMs : DAY_MS), intervalMs: given.milliseconds("gc-interval", evicts(given) ? EVICTING.intervalMs : DAY_MS) },
    accessLog: accessLogPath(given.text("access-log") ?? "-"),
    pages: given.bool("pages"),
    proxy: proxySettings(given),
  };
}

/** The part of the settings that a garbage collection needs. @throws Failure */
export function collectSettings(flags: Flags): Pick<RegistrySettings, "storage" | "garbage"> {
  const given = givenBy(flags);
  return { storage: storageSettings(given, false), garbage: garbageSettings(given, DAY_MS) };
}

/** Where paths are read by another process than this one. */
const PATHS: ReadonlySet<string> = new Set(["root", "access-log", "htpasswd", "rules", "tls-cert", "tls-key", "token-keys", "tokens-key", "proxy-password-file"]);
const NOT_FOR_SERVICES: ReadonlySet<string> = new Set(["config-file", "ready-fd"]);

/** What was said, by the flags' names: the engine hands it to its own `registry serve`. @throws Failure */
export function serviceSettings(flags: Flags): Record<string, string> {
  const given = givenBy(flags);
  const said = flags.table.filter(({ name }) => !NOT_FOR_SERVICES.has(name)).flatMap(({ name }) => {
    const value = given.text(name);
    return value === undefined ? [] : [[name, PATHS.has(name) && !["-", "none"].includes(value) ? resolve(value) : value] as const];
  });
  return Object.fromEntries(said);
}

function givenBy(flags: Flags): Given {
  const path = flags.string("config-file");
  const file = path === undefined ? undefined : parseLine(wordsOf(path, flags), flags.table, true).flags;
  const source = (name: string): Flags => (file && !flags.changed(name) ? file : flags);
  return {
    text: (name) => source(name).string(name),
    bool: (name) => source(name).bool(name),
    milliseconds: (name, otherwise) => {
      const ns = source(name).number(name);
      return ns === undefined ? otherwise : ns / NS_PER_MS;
    },
  };
}

/** A file says what flags say: it is read as the command line that it stands for. */
function wordsOf(path: string, flags: Flags): string[] {
  const refuse = (reason: string): Failure => new Failure(`--config-file ${path}: ${reason}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw refuse("it is not a JSON object");
  return Object.entries(parsed).map(([name, value]) => {
    const flag = flags.find(name);
    if (!flag || name === "config-file" || isRepeated(flag.type)) throw refuse(`there is no setting ${JSON.stringify(name)}`);
    if (!["string", "number", "boolean"].includes(typeof value)) throw refuse(`${name} must be a text, a number, true or false`);
    return `--${name}=${String(value)}`;
  });
}

/** `host:port`, `:port` for all addresses, `[v6]:port`. */
function parseAddress(text: string): { hostname: string; port: number } {
  const match = /^(?:tcp:\/\/)?(\[[0-9a-fA-F:.]+\]|[^:[\]/]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65_535) throw new Failure(`invalid value "${text}" for --addr: give it as HOST:PORT, such as 127.0.0.1:5000 or :5000`);
  return { hostname: match[1]?.replace(/^\[|\]$/g, "") || "0.0.0.0", port };
}

function storageSettings(given: Given, redirect: boolean): RegistryStorageSettings {
  const kind = given.text("storage") ?? "fs";
  if (kind === "fs") return { kind, root: given.text("root") ?? DEFAULT_ROOT };
  if (kind !== "s3") throw new Failure(`invalid value "${kind}" for --storage: it is fs or s3`);
  const bucket = given.text("s3-bucket") ?? "";
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw new Failure("--storage s3 needs the name of a bucket: --s3-bucket");
  const region = given.text("s3-region") ?? (process.env["AWS_REGION"] || DEFAULT_REGION);
  const prefix = given.text("s3-prefix") ?? "";
  return { kind, bucket, region, endpoint: endpointOf(given, region), prefix: prefix === "" ? "" : `${prefix.replace(/^\/+|\/+$/g, "")}/`, redirect, ...credentialsOfEnvironment() };
}

function endpointOf(given: Given, region: string): string {
  const text = given.text("s3-endpoint") ?? `https://s3.${region}.amazonaws.com`;
  if (!/^https?:\/\/[^/?#@]+\/?$/.test(text)) throw new Failure(`invalid value "${text}" for --s3-endpoint: give it as https://HOST[:PORT]`);
  return text;
}

/** Where every program that speaks with such a storage looks; a flag could be read by others. */
function credentialsOfEnvironment(): { accessKeyId: string; secretAccessKey: string; sessionToken: string | undefined } {
  const accessKeyId = process.env["AWS_ACCESS_KEY_ID"] ?? "";
  const secretAccessKey = process.env["AWS_SECRET_ACCESS_KEY"] ?? "";
  if (accessKeyId === "" || secretAccessKey === "") throw new Failure("--storage s3 needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment");
  return { accessKeyId, secretAccessKey, sessionToken: process.env["AWS_SESSION_TOKEN"] || undefined };
}

function garbageSettings(given: Given, graceMs: number): RegistryGarbageSettings {
  return { intervalMs: 0, graceMs: given.milliseconds("gc-age", graceMs), uploadMs: given.milliseconds("upload-age", 7 * DAY_MS), untagged: given.bool("gc-untagged") };
}

function accessSettings(given: Given): RegistryAccessSettings {
  const htpasswd = given.text("htpasswd");
  const token = together(given, { realm: "token-realm", service: "token-service", issuer: "token-issuer", keys: "token-keys" });
  if (token && htpasswd !== undefined) throw new Failure("--htpasswd and --token-realm cannot both be used: clients are asked for one kind of proof");
  if (token && /["\\\r\n]/.test(token.realm + token.service)) throw new Failure("--token-realm and --token-service must not contain quotation marks");
  return { htpasswd, rules: given.text("rules"), token, issue: issueSettings(given) };
}

function issueSettings(given: Given): RegistryAccessSettings["issue"] {
  const [key, realm] = [given.text("tokens-key"), given.text("tokens-realm")];
  if (!given.bool("tokens")) {
    if (key !== undefined || realm !== undefined) throw new Failure("--tokens-key and --tokens-realm say how tokens are made: they go with --tokens");
    return undefined;
  }
  if (given.text("htpasswd") === undefined) throw new Failure("--tokens makes tokens of passwords: it goes with --htpasswd");
  if (realm !== undefined && !/^https?:\/\/[^\s"\\]+$/.test(realm)) throw new Failure(`invalid value "${realm}" for --tokens-realm: give it as https://HOST[:PORT]/token`);
  return { key, realm };
}

function limitSettings(given: Given): RegistrySettings["limits"] {
  const [requestsAtOnce, requestsPerSecond, blobBytes] = ["max-requests", "rate", "max-blob-size"].map((name) => given.text(name)).map((text) => (text === undefined ? undefined : Number(text)));
  return { ...(requestsAtOnce !== undefined && { requestsAtOnce }), ...(requestsPerSecond !== undefined && { requestsPerSecond }), ...(blobBytes !== undefined && { blobBytes }) };
}

/** The password is no flag: command lines are read by others. */
function proxySettings(given: Given): RegistryProxySettings | undefined {
  const text = given.text("proxy");
  if (text === undefined || text === "") {
    if (evicts(given)) throw new Failure("--proxy-max-size and --proxy-max-age are for a cache: they go with --proxy");
    return undefined;
  }
  const match = /^(?:(https?):\/\/)?([A-Za-z0-9.\-[\]:]+)\/?$/.exec(text);
  const [, scheme, host = ""] = match ?? [];
  if (!match) throw new Failure(`invalid value "${text}" for --proxy: give it as https://HOST[:PORT]`);
  const domain = /^(?:registry-1\.|index\.)?docker\.io$/.test(host) ? "docker.io" : host;
  return { domain, insecure: scheme === "http", username: given.text("proxy-user"), password: passwordFrom(given.text("proxy-password-file")), tagMs: given.milliseconds("proxy-tag-age", 0), evict: evictSettings(given) };
}

const evicts = (given: Given): boolean => evictSettings(given) !== undefined;

function evictSettings(given: Given): RegistryProxySettings["evict"] {
  const size = Number(given.text("proxy-max-size") ?? 0);
  const unusedMs = given.milliseconds("proxy-max-age", 0);
  return size > 0 || unusedMs > 0 ? { maxBytes: size > 0 ? size : undefined, maxUnusedMs: unusedMs > 0 ? unusedMs : undefined } : undefined;
}

function passwordFrom(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new Failure(`--proxy-password-file: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const accessLogPath = (text: string): string => (text === "none" ? "" : text);

/** Flags of which all or none must be given. @throws Failure */
function together<Name extends string>(given: Given, names: Readonly<Record<Name, string>>): Record<Name, string> | undefined {
  const entries = (Object.entries(names) as [Name, string][]).map(([name, flag]) => [name, given.text(flag), flag] as const);
  const missing = entries.filter(([, value]) => value === undefined || value === "");
  if (missing.length === entries.length) return undefined;
  if (missing.length > 0) throw new Failure(`${entries.map(([, , flag]) => `--${flag}`).join(", ")} go together: ${missing.map(([, , flag]) => `--${flag}`).join(", ")} missing`);
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? ""])) as Record<Name, string>;
}
