import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { DEFAULT_BUILD_REQUEST, parseReference, type BuildRequest, type NamedContext, type RegistryCredentials, type StepResources } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { CredentialStore } from "../credentials/credentials.ts";
import { Failure } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { configMembers } from "../config-writer.ts";
import { parseUlimit } from "../options/limits.ts";
import { parseBytes } from "../values.ts";
import { canOpenShell } from "./debug-shell.ts";
import type { BuildInput } from "./answers.ts";
import { readContextArgument, remoteContext } from "./context-argument.ts";
import { localCaches } from "./options/caches.ts";
import { notPrepared } from "./options/fields.ts";
import { parseOutputs } from "./options/output.ts";
import { parseSecrets, type Variables } from "./options/secrets.ts";
import { parseSsh } from "./options/ssh.ts";
import { parseAllow, parseAnnotations, parseAttests, parseBuildArgs, parseCaches, parseCall, parseHosts, parseLabels, parseNetwork, parsePlatforms } from "./options/values.ts";

export interface PreparedBuild {
  readonly request: BuildRequest;
  readonly input: BuildInput;
  /** As lists of builds show it. */
  readonly title: { readonly name: string; readonly context: string; readonly dockerfile: string };
  /** The answer of --call as JSON. */
  readonly callJson: boolean;
  dispose(): void;
}

/** Who builds, and with what. */
export interface Builder extends Pick<Invocation, "client" | "config" | "host" | "global"> {
  /** Of secrets; the program's own where nothing else is said. */
  readonly variables?: Variables;
  /** In place of those that the configuration knows. */
  readonly credentials?: Readonly<Record<string, RegistryCredentials>>;
}

/** What the command line asks for, all of it checked. @throws Failure in docker's words */
export async function prepareBuild({ flags, args: [argument = ""], config, host, global, variables = process.env, credentials }: Builder & Pick<Invocation, "flags" | "args">): Promise<PreparedBuild> {
  const tags = flags.list("tag");
  for (const tag of tags) checkTag(tag);
  const { call, json } = parseCall(flags.string("call") ?? "build", flags.bool("check"));
  const outputs = parseOutputs({ outputs: flags.list("output"), push: flags.bool("push"), load: flags.bool("load"), tags });
  const named = namedContexts(flags.list("build-context"));
  const secrets = parseSecrets(flags.list("secret"), variables);
  const agents = parseSsh(flags.list("ssh"));
  const options = requestOptions(flags);
  const caches = localCaches(options.cacheFrom, options.cacheTo);
  const local = await readContextArgument(argument, flags.string("file"));
  const request: BuildRequest = {
    ...DEFAULT_BUILD_REQUEST,
    ...options,
    cacheFrom: caches.cacheFrom,
    buildArgs: { ...proxyArgs(config.file.proxies?.[host] ?? config.file.proxies?.["default"] ?? {}), ...options.buildArgs },
    dockerfile: local.dockerfile,
    context: local.context,
    tags,
    call,
    keepFailed: (flags.bool("debug") || global.bool("debug")) && canOpenShell(),
    namedContexts: named.contexts,
    exporters: call === "build" ? outputs.map(({ request: exporter }) => exporter) : [{ type: "cacheonly", attrs: {} }],
    credentials: credentials ?? (await allCredentials(config)),
  };
  return { request, input: { folders: new Map([...local.folders, ...named.folders, ...caches.folders]), secrets, agents, outputs: [...outputs, ...caches.destinations.map((destination) => ({ destination }))] }, title: titleOf(argument, flags), callJson: json, dispose: () => local.dispose() };
}

function requestOptions(flags: Flags) {
  return {
    target: flags.string("target") ?? "",
    buildArgs: parseBuildArgs(flags.list("build-arg")),
    labels: parseLabels(flags.list("label")),
    annotations: parseAnnotations(flags.list("annotation")),
    platforms: parsePlatforms(flags.list("platform")),
    noCache: flags.bool("no-cache"),
    noCacheFilter: flags.list("no-cache-filter").flatMap((text) => text.split(",")),
    pull: flags.bool("pull"),
    network: parseNetwork(flags.string("network")),
    addHosts: parseHosts(flags.list("add-host")),
    shmSize: parseBytes(flags.string("shm-size") || "0"),
    ulimits: flags.list("ulimit").map((text) => parseUlimit(text)).map(({ Name = "", Soft = 0, Hard = 0 }) => ({ name: Name, soft: Soft, hard: Hard })),
    cgroupParent: flags.string("cgroup-parent") ?? "",
    resources: parseResources(flags),
    cacheFrom: parseCaches(flags.list("cache-from")),
    cacheTo: parseCaches(flags.list("cache-to")),
    attests: parseAttests(flags.list("attest"), { provenance: flags.string("provenance"), sbom: flags.string("sbom") }),
    allow: parseAllow(flags.list("allow")),
  };
}

/** What BuildKit takes and leaves alone limits steps here, as it did in the classic builder. */
function parseResources(flags: Flags): StepResources {
  return {
    memory: flags.number("memory") ?? 0, memorySwap: flags.number("memory-swap") ?? 0, cpuShares: flags.number("cpu-shares") ?? 0, cpuPeriod: flags.number("cpu-period") ?? 0, cpuQuota: flags.number("cpu-quota") ?? 0,
    cpusetCpus: flags.string("cpuset-cpus") ?? "", cpusetMems: flags.string("cpuset-mems") ?? "",
  };
}

/** docker's: the folder's name, with the Dockerfile's where that is another one, and the stage. */
function titleOf(argument: string, flags: Flags): PreparedBuild["title"] {
  const dockerfile = flags.string("file") || "Dockerfile";
  const folder = argument === "-" ? "stdin" : basename(resolve(argument));
  const target = flags.string("target");
  return { name: `${folder}${dockerfile === "Dockerfile" ? "" : `/${basename(dockerfile)}`}${target ? ` (${target})` : ""}`, context: argument, dockerfile };
}

function checkTag(tag: string): void {
  try {
    parseReference(tag);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw notPrepared(`invalid tag ${JSON.stringify(tag)}: ${message.replace(/^invalid reference format: /, "").replace(/ \([^)]*\) must be/, " must be")}`);
  }
}

const OCI_LAYOUT = "oci-layout://";

/** `oci-layout://PATH[:TAG|@DIGEST]` */
function layoutOf(value: string): { readonly path: string; readonly version: string } {
  const [, path = "", version = ""] = /^([^@:]*)((?::[^@]*)?(?:@.*)?)$/.exec(value.slice(OCI_LAYOUT.length)) ?? [];
  return { path, version };
}

/** Folders of this machine are asked for by the context's name. */
function namedContexts(texts: readonly string[]): { contexts: NamedContext[]; folders: Map<string, string> } {
  const folders = new Map<string, string>();
  const contexts = texts.map((text, index) => {
    const equals = text.indexOf("=");
    if (equals < 0) throw new Failure(`ERROR: invalid context value: ${text}, expected key=value`);
    const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
    if (value.startsWith(OCI_LAYOUT)) {
      const { path, version } = layoutOf(value);
      if (!existsSync(join(path, "index.json"))) throw notPrepared(`failed to get build context ${name}: could not read ${join(path, "index.json")}`);
      const key = `oci-layout-${index}`;
      folders.set(key, resolve(path));
      return { name, value: `${OCI_LAYOUT}${key}${version}` };
    }
    // Bake has put an image in its place; by itself a build knows no other targets.
    if (value.startsWith("target:")) throw notPrepared(`failed to find target ${value.slice("target:".length)} for context ${name}`);
    if (value.startsWith("docker-image:") || (!existsSync(value) && remoteContext(value))) return { name, value };
    const stat = statSync(value, { throwIfNoEntry: false });
    if (!stat) throw notPrepared(`failed to get build context ${name}: stat ${value}: no such file or directory`);
    if (!stat.isDirectory()) throw notPrepared(`failed to get build context ${name}: not a directory`);
    folders.set(name, resolve(value));
    return { name, value: `local:${name}` };
  });
  if (folders.has("context") || folders.has("dockerfile")) throw notPrepared(`the build context ${folders.has("context") ? "context" : "dockerfile"} is reserved: choose another name`);
  return { contexts, folders };
}

const PROXY_ARGS: readonly (readonly [key: "httpProxy" | "httpsProxy" | "noProxy" | "ftpProxy" | "allProxy", variable: string])[] = [
  ["httpProxy", "HTTP_PROXY"], ["httpsProxy", "HTTPS_PROXY"], ["noProxy", "NO_PROXY"], ["ftpProxy", "FTP_PROXY"], ["allProxy", "ALL_PROXY"],
];

/** Programs look for either case of the name. */
function proxyArgs(proxies: { readonly [K in (typeof PROXY_ARGS)[number][0]]?: string | undefined }): Record<string, string> {
  const args: Record<string, string> = {};
  for (const [key, variable] of PROXY_ARGS) for (const name of [variable, variable.toLowerCase()]) if (proxies[key]) args[name] = proxies[key];
  return args;
}

/** Of every registry that the configuration knows: which of them a Dockerfile names shows only while it is read. */
async function allCredentials(config: Invocation["config"]): Promise<Record<string, RegistryCredentials>> {
  const { auths } = configMembers(config.folder);
  const keys = new Set([...Object.keys(Object(auths) as object), ...Object.keys(config.file.credHelpers ?? {})]);
  const store = new CredentialStore(config);
  const found: Record<string, RegistryCredentials> = {};
  for (const key of keys) {
    const credentials = await store.get(key).catch(() => undefined);
    if (credentials) found[key] = { username: credentials.username, password: credentials.password, identityToken: credentials.identityToken };
  }
  return found;
}
