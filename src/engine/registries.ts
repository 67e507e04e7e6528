import { EngineError } from "../base/mod.ts";
import { openRegistryClient, type RegistryAuth, type RegistryClient } from "../registry/mod.ts";
import { MEDIA, parseReference, withDefaultTag, type Descriptor, type Platform } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import type { EngineDefaults } from "./defaults.ts";
import type { Filters } from "./options.ts";

export type { RegistryAuth } from "../registry/mod.ts";

/** Certificates of single registries: where Docker has them, and our own. */
const CERTS_DIRS = ["/etc/docker/certs.d", "/etc/hako/certs.d"];
const DOCKER_VERSION = "28.5.2";
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

/** One per set of settings: a reload brings another, requests under way keep theirs. */
const clients = new WeakMap<EngineDefaults, RegistryClient>();

/** The client of the settings of this moment. Take it anew for each operation. */
export function registryClient(ctx: Pick<EngineContext, "defaults" | "host" | "identity">): RegistryClient {
  const { defaults } = ctx;
  const known = clients.get(defaults);
  if (known) return known;
  const client = openRegistryClient({
    userAgent: userAgent(ctx),
    mirrors: { ...defaults.registryMirrorsOf, "docker.io": [...defaults.registryMirrors, ...(defaults.registryMirrorsOf["docker.io"] ?? [])] },
    insecure: defaults.insecureRegistries,
    certsDirs: CERTS_DIRS,
    proxies: defaults.proxies,
    limits: { attempts: defaults.maxDownloadAttempts },
  });
  clients.set(defaults, client);
  return client;
}

/** In Docker's form, for registries that look at it, with who it really is. */
function userAgent({ host, identity }: Pick<EngineContext, "host" | "identity">): string {
  return `docker/${DOCKER_VERSION} hakobune/${identity.version} git-commit/${identity.gitCommit} kernel/${host.kernelVersion} os/linux arch/${ARCHITECTURES[host.architecture] ?? host.architecture}`;
}

export interface LoginRequest extends RegistryAuth {
  readonly serverAddress: string;
}

/** POST /auth: whether the registry accepts the credentials. @throws EngineError Unauthorized */
export async function registryLogin(ctx: EngineContext, { serverAddress, ...auth }: LoginRequest, signal?: AbortSignal): Promise<{ Status: string; IdentityToken: string }> {
  const { status, identityToken } = await registryClient(ctx).login(serverAddress, auth, signal && { signal });
  return { IdentityToken: identityToken, Status: status };
}

export interface DistributionInspect {
  readonly Descriptor: Descriptor;
  readonly Platforms: readonly Platform[] | null;
}

/** What a name stands for in its registry, without pulling it. */
export async function inspectDistribution(ctx: EngineContext, name: string, auth: RegistryAuth, signal?: AbortSignal): Promise<DistributionInspect> {
  const reference = withDefaultTag(parseReference(name));
  const repository = registryClient(ctx).repository(reference, auth);
  const options = signal && { signal };
  const { descriptor, bytes } = await repository.manifest(reference.digest ?? reference.tag ?? "latest", options).catch(asTold);
  const manifest: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  if (descriptor.mediaType === MEDIA.ociIndex || descriptor.mediaType === MEDIA.dockerManifestList) return { Descriptor: descriptor, Platforms: listed(manifest) };
  const config = configOf(manifest);
  if (!config) return { Descriptor: descriptor, Platforms: null };
  const { digest, size } = config;
  if (size > MAX_CONFIG_BYTES) throw new EngineError("System", `the configuration of ${name} is larger than ${MAX_CONFIG_BYTES} bytes, which is the limit`);
  const platform = platformOf(await readBlob(repository.blob(digest, { expectedSize: size, ...options })));
  return { Descriptor: descriptor, Platforms: platform ? [platform] : null };
}

/** Here Docker passes the registry's words on as they are. */
function asTold(error: unknown): never {
  if (error instanceof EngineError && error.cause instanceof EngineError) throw new EngineError(error.kind, error.cause.message, { cause: error });
  throw error;
}

const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

async function readBlob(opened: Promise<AsyncIterable<Uint8Array>>): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of await opened) pieces.push(chunk);
  try {
    return JSON.parse(Buffer.concat(pieces).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** Only of images: an artifact's configuration says nothing of platforms. */
function configOf(manifest: unknown): Descriptor | undefined {
  const { config } = Object(manifest) as { config?: Partial<Descriptor> };
  const { mediaType, digest, size } = Object(config) as Partial<Descriptor>;
  const isImage = mediaType === MEDIA.ociConfig || mediaType === MEDIA.dockerConfig;
  return isImage && typeof digest === "string" && /^sha256:[0-9a-f]{64}$/.test(digest) && Number.isSafeInteger(size) && size !== undefined && size >= 0 ? { mediaType, digest, size } : undefined;
}

function listed(index: unknown): Platform[] {
  const { manifests } = Object(index) as { manifests?: unknown };
  return (Array.isArray(manifests) ? manifests : []).map((entry: unknown) => platformOf(Object(Object(entry) as object).platform)).filter((platform) => platform !== undefined);
}

function platformOf(value: unknown): Platform | undefined {
  const { architecture, os, variant, ...rest } = Object(value) as Record<string, unknown>;
  if (typeof architecture !== "string" || typeof os !== "string") return undefined;
  const version = rest["os.version"];
  return { architecture, os, ...(typeof version === "string" && version !== "" && { "os.version": version }), ...(typeof variant === "string" && variant !== "" && { variant }) };
}

export interface SearchRequest {
  readonly term: string;
  readonly limit?: number | undefined;
  readonly filters: Filters;
  readonly auth: RegistryAuth;
}

/** One result of GET /images/search. */
export interface SearchedImage {
  readonly star_count: number;
  readonly is_official: boolean;
  readonly name: string;
  readonly is_automated: false;
  readonly description: string;
}

/** @throws EngineError, in Docker's words */
export async function searchImages(ctx: EngineContext, { term, limit, filters, auth }: SearchRequest, signal?: AbortSignal): Promise<readonly SearchedImage[]> {
  const official = oneBoolean(filters, "is-official");
  const automated = oneBoolean(filters, "is-automated");
  const stars = Math.max(0, ...(filters["stars"] ?? []).map(starCount));
  if (automated) return [];
  const found = await registryClient(ctx).search(term, { auth, ...(limit && { limit }), ...(signal && { signal }) });
  return found
    .filter(({ isOfficial, starCount: own }) => (official === undefined || isOfficial === official) && own >= stars)
    .map(({ name, description, starCount: own, isOfficial }) => ({ star_count: own, is_official: isOfficial, name, is_automated: false, description }));
}

function oneBoolean(filters: Filters, name: string): boolean | undefined {
  const values = filters[name];
  if (values === undefined || values.length === 0) return undefined;
  const [value = ""] = values;
  const known: Readonly<Record<string, boolean>> = { "1": true, true: true, "0": false, false: false };
  if (values.length > 1 || !Object.hasOwn(known, value)) throw new EngineError("InvalidParameter", `invalid filter '${name}=[${values.join(" ")}]'`);
  return known[value];
}

function starCount(text: string): number {
  if (!/^[+-]?\d{1,15}$/.test(text)) throw new EngineError("InvalidParameter", `invalid filter 'stars=${text}': strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
