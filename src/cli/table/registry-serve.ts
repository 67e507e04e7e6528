import type { CommandSpec } from "../command.ts";
import type { Flag } from "../flags.ts";

const STORAGE: readonly Flag[] = [
  { name: "config-file", type: "string", help: "JSON file with values for these flags, by their names" },
  { name: "root", type: "string", default: '"/var/lib/hako-registry"', help: "Folder of the content" },
  { name: "gc-age", type: "duration", default: "24h", help: "How old unreferenced content must be before it is removed" },
  { name: "gc-untagged", type: "bool", help: "Also remove manifests that no tag, index or subject leads to" },
  { name: "s3-bucket", type: "string", help: "Bucket of the object storage" },
  { name: "s3-endpoint", type: "string", help: "URL of an object storage other than Amazon's" },
  { name: "s3-prefix", type: "string", help: "In front of all keys in the bucket" },
  { name: "s3-region", type: "string", default: '"us-east-1"', help: "Region of the object storage" },
  { name: "storage", type: "string", default: '"fs"', help: "Where the content lies: fs (a folder) or s3 (an object storage)" },
  { name: "upload-age", type: "duration", default: "168h", help: "After how long an upload that nobody goes on with is given up" },
];

const SERVING: readonly Flag[] = [
  { name: "access-log", type: "string", default: '"-"', help: "File for one line per request; - for standard output, none for nothing" },
  { name: "addr", type: "string", default: '"127.0.0.1:5000"', help: "Address to listen on" },
  { name: "gc-interval", type: "duration", default: "24h", help: "Time between two garbage collections; 0 for none" },
  { name: "htpasswd", type: "string", help: "File of users and passwords, as htpasswd -B writes it" },
  { name: "max-blob-size", type: "bytes", default: "1t", help: "Largest blob that is taken" },
  { name: "max-requests", type: "uint", default: "4096", help: "Requests answered at once" },
  { name: "pages", type: "bool", default: "true", help: "Show pages to browsers" },
  { name: "proxy", type: "string", help: "URL of a registry to fetch from what is not here, and keep it" },
  { name: "proxy-max-age", type: "duration", default: "0s", help: "How long an image is kept that nobody asks for; 0 for ever" },
  { name: "proxy-max-size", type: "bytes", default: "0", help: "How much is kept, the longest unused going first; 0 for no limit" },
  { name: "proxy-password-file", type: "string", help: "File with the password for that registry" },
  { name: "proxy-tag-age", type: "duration", default: "0s", help: "How long a tag is believed before that registry is asked again" },
  { name: "proxy-user", type: "string", help: "User name for that registry" },
  { name: "rate", type: "uint", default: "0", help: "Requests per second of one address; 0 for no limit" },
  { name: "read-only", type: "bool", help: "Refuse everything that would change the content" },
  { name: "ready-fd", type: "int", hidden: true, help: "Descriptor that is written to once the registry listens" },
  { name: "rules", type: "string", help: "File that says who may pull, push and delete what" },
  { name: "s3-redirect", type: "bool", help: "Send clients to the object storage for blobs" },
  { name: "tls-cert", type: "string", help: "Certificate file; with it, TLS is spoken" },
  { name: "tls-key", type: "string", help: "Key file of the certificate" },
  { name: "token-issuer", type: "string", help: "Who makes the tokens" },
  { name: "token-keys", type: "string", help: "File of certificates, public keys or a JSON key set that tokens are checked with" },
  { name: "token-realm", type: "string", help: "URL at which clients get tokens" },
  { name: "token-service", type: "string", help: "The registry's name in tokens" },
  { name: "tokens", type: "bool", help: "Give clients tokens for their passwords at /token, and without one for what everybody may do" },
  { name: "tokens-key", type: "string", help: "File of the private key (EC P-256) that tokens are signed with; without one, each start makes one" },
  { name: "tokens-realm", type: "string", help: "URL at which clients reach /token, where it is not the one at which they reach the registry" },
];

/** What differs when the engine runs it. */
const SERVICE_DEFAULTS: Readonly<Record<string, Flag>> = {
  "access-log": { name: "access-log", type: "string", default: '"none"', help: "File for one line per request, or none" },
  root: { name: "root", type: "string", help: "Folder of the content (default registry/content in the data root)" },
};

const byName = (a: Flag, b: Flag): number => (a.name < b.name ? -1 : 1);

export const SERVE: CommandSpec = {
  summary: "Run a registry in the foreground",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [...STORAGE, ...SERVING].toSorted(byName),
  local: true,
  load: () => import("../commands/registry-serve.ts"),
};

export const START: CommandSpec = {
  summary: "Let the engine run a registry, from now on",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: SERVE.flags.filter(({ name }) => name !== "ready-fd").map((flag) => SERVICE_DEFAULTS[flag.name] ?? flag),
  load: () => import("../commands/registry-start.ts"),
};

export const STOP: CommandSpec = { summary: "Stop the engine's registry; its content stays", usage: "", args: [0, 0], flags: [], load: () => import("../commands/registry-stop.ts") };

export const STATUS: CommandSpec = { summary: "Show where the engine's registry listens and what it holds", usage: "", args: [0, 0], flags: [], load: () => import("../commands/registry-status.ts") };

export const COLLECT: CommandSpec = {
  summary: "Remove what nothing in a registry refers to, also while it runs",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: STORAGE.toSorted(byName),
  local: true,
  load: () => import("../commands/registry-gc.ts"),
};
