import { parseEndpoint } from "../../client/mod.ts";
import { Failure, UsageError } from "../failure.ts";
import { quote } from "../values.ts";
import { readPem } from "../tls-files.ts";
import type { EndpointMeta, TlsFiles } from "./store.ts";

export interface NewEndpoint {
  readonly endpoint: EndpointMeta;
  readonly tls: TlsFiles;
}

const KEYS: ReadonlySet<string> = new Set(["from", "host", "ca", "cert", "key", "skip-tls-verify"]);

/** `--docker host=tcp://…,ca=…`: pairs, parted by commas. A text with one `=` is one pair, commas and all. */
export function parsePairs(text: string): Record<string, string> {
  const parts = text.split("=").length === 2 ? [text] : text.split(",");
  const pairs = parts.map((part) => {
    const equals = part.indexOf("=");
    if (equals < 0) throw new UsageError(`invalid argument ${quote(text)} for "--docker" flag: ${part} must be formatted as key=value`);
    return [part.slice(0, equals), part.slice(equals + 1)] as const;
  });
  return Object.fromEntries(pairs);
}

/** The endpoint that those pairs describe; `copy` finds what `from` names. @throws Failure with docker's reason */
export function newEndpoint(pairs: Readonly<Record<string, string>>, copy: (context: string) => NewEndpoint): NewEndpoint {
  try {
    return endpointOf(pairs, copy);
  } catch (error) {
    throw error instanceof Error ? new Failure(`unable to create docker endpoint config: ${error.message}`) : error;
  }
}

function endpointOf(pairs: Readonly<Record<string, string>>, copy: (context: string) => NewEndpoint): NewEndpoint {
  const unknown = Object.keys(pairs).filter((key) => !KEYS.has(key));
  if (unknown.length > 0) throw new Failure(`unrecognized config key: ${unknown.join(", ")}`);
  if (pairs["from"] !== undefined) return copy(pairs["from"]);
  const files: Record<string, string> = {};
  for (const [key, file] of [["ca", "ca.pem"], ["cert", "cert.pem"], ["key", "key.pem"]] as const) {
    const path = pairs[key];
    if (path) files[file] = readPem(path);
  }
  const host = pairs["host"];
  check(host, files);
  const tls = Object.keys(files).length > 0 ? { docker: files } : {};
  return { endpoint: { ...(host && { Host: host }), SkipTLSVerify: skipVerification(pairs["skip-tls-verify"]) }, tls };
}

function skipVerification(text: string | undefined): boolean {
  if (text === undefined || /^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  throw new Failure(`skip-tls-verify: parsing ${quote(text)}: invalid syntax`);
}

/** A certificate that cannot be one is told of now rather than at the first use. */
function check(host: string | undefined, files: Readonly<Record<string, string>>): void {
  const invalid = (reason: string) => new Failure(`invalid docker endpoint options: ${reason}`);
  const lacks = (file: string, mark: string) => files[file] !== undefined && !files[file].includes(mark);
  if (lacks("ca.pem", "BEGIN CERTIFICATE")) throw invalid("failed to retrieve context tls info: ca.pem seems invalid");
  if (lacks("key.pem", "PRIVATE KEY")) throw invalid("no valid private key found");
  if (lacks("cert.pem", "BEGIN CERTIFICATE")) throw invalid("failed to retrieve context tls info: tls: failed to find any PEM data in certificate input");
  const address = host?.startsWith("tcp://") ? host.slice("tcp://".length) : undefined;
  const colon = address?.lastIndexOf(":") ?? -1;
  const port = address !== undefined && colon >= 0 ? address.slice(colon) : "";
  if (port.includes(",") || port.includes("=")) throw invalid(`parse ${quote(host ?? "")}: invalid port ${quote(port)} after host`);
  if (address !== undefined) parseEndpoint(`tcp://${address.split("/")[0] ?? ""}`);
}
