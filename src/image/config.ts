import { EngineError } from "../base/mod.ts";
import { parseDigest, type Descriptor, type Digest, type ImageConfig, type ImageIndex, type ImageManifest } from "../spec/mod.ts";

/** The config blob with what Docker's own images say besides OCI. */
export interface StoredConfig extends ImageConfig {
  docker_version?: string;
  comment?: string;
  "os.version"?: string;
}

export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_LAYERS = 500;

type Fields = Record<string, unknown>;

const invalid = (what: string): EngineError => new EngineError("InvalidParameter", `invalid image: ${what}`);

/** @throws EngineError InvalidParameter */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw invalid(`${what} is not valid JSON`);
  }
}

/** Checks the shape of everything that is used later, so that nothing afterwards meets a wrong type. @throws EngineError InvalidParameter */
export function parseConfig(value: unknown): StoredConfig {
  const fields = record(value, "the config");
  for (const key of ["architecture", "os", "variant", "created", "author", "docker_version", "comment", "os.version"]) optionalText(fields, key, "the config");
  const rootfs = record(fields["rootfs"], "the config's rootfs");
  const diffIDs = rootfs["diff_ids"] ?? [];
  if (!Array.isArray(diffIDs) || diffIDs.length > MAX_LAYERS) throw invalid("the config's diff_ids are no list of digests");
  const history = fields["history"] ?? [];
  if (!Array.isArray(history)) throw invalid("the config's history is no list");
  return {
    ...(fields as unknown as StoredConfig),
    architecture: (fields["architecture"] as string | undefined) ?? "",
    os: (fields["os"] as string | undefined) || "linux",
    rootfs: { type: "layers", diff_ids: diffIDs.map((id) => parseDigest(String(id))) },
    history: history.map(parseHistory),
    ...(fields["config"] !== undefined && fields["config"] !== null && { config: parseProcessConfig(fields["config"]) }),
  };
}

function parseHistory(value: unknown): NonNullable<ImageConfig["history"]>[number] {
  const entry = record(value, "a history entry");
  for (const key of ["created", "created_by", "author", "comment"]) optionalText(entry, key, "a history entry");
  return entry;
}

function parseProcessConfig(value: unknown): NonNullable<ImageConfig["config"]> {
  const config = record(value, "the config's process part");
  for (const key of ["User", "WorkingDir", "StopSignal"]) optionalText(config, key, "the config");
  for (const key of ["Env", "Entrypoint", "Cmd", "Shell", "OnBuild"]) optionalTexts(config, key);
  for (const key of ["ExposedPorts", "Volumes", "Labels", "Healthcheck"]) if (config[key] !== undefined && config[key] !== null) record(config[key], `the config's ${key}`);
  for (const label of Object.values((config["Labels"] as Fields | null | undefined) ?? {})) if (typeof label !== "string") throw invalid("a label is no text");
  return config;
}

/** @throws EngineError InvalidParameter */
export function parseManifest(value: unknown): ImageManifest {
  const fields = record(value, "the manifest");
  if (!Array.isArray(fields["layers"]) || fields["layers"].length > MAX_LAYERS) throw invalid("the manifest's layers are no list");
  return { ...(fields as unknown as ImageManifest), config: parseDescriptor(fields["config"]), layers: fields["layers"].map(parseDescriptor) };
}

/** @throws EngineError InvalidParameter */
export function parseIndex(value: unknown): ImageIndex {
  const fields = record(value, "the index");
  if (!Array.isArray(fields["manifests"]) || fields["manifests"].length > 1000) throw invalid("the index's manifests are no list");
  return { ...(fields as unknown as ImageIndex), manifests: fields["manifests"].map(parseDescriptor) };
}

function parseDescriptor(value: unknown): Descriptor {
  const fields = record(value, "a descriptor");
  const { size, mediaType = "", annotations, platform } = fields;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw invalid("a descriptor has no valid size");
  if (typeof mediaType !== "string") throw invalid("a descriptor has no valid media type");
  if (fields["urls"] !== undefined && !(Array.isArray(fields["urls"]) && fields["urls"].every((url) => typeof url === "string"))) throw invalid("a descriptor's urls are no list of texts");
  if (annotations !== undefined && annotations !== null) for (const text of Object.values(record(annotations, "annotations"))) if (typeof text !== "string") throw invalid("an annotation is no text");
  if (platform !== undefined && platform !== null) for (const key of ["architecture", "os", "variant"]) optionalText(record(platform, "a platform"), key, "a platform");
  return { ...(fields as unknown as Descriptor), mediaType, digest: parseDigest(String(fields["digest"])), size };
}

function record(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${what} is no object`);
  return value as Fields;
}

function optionalText(fields: Fields, key: string, what: string): void {
  const value = fields[key];
  if (value === null) delete fields[key];
  else if (value !== undefined && typeof value !== "string") throw invalid(`"${key}" of ${what} is no text`);
}

function optionalTexts(fields: Fields, key: string): void {
  const value = fields[key];
  if (value !== undefined && value !== null && !(Array.isArray(value) && value.every((item) => typeof item === "string"))) throw invalid(`"${key}" of the config is no list of texts`);
}

/** The identity of each applied stack, base first (OCI image spec, config.md#layer-chainid). */
export function chainIDs(diffIDs: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffID of diffIDs) {
    const parent = chain.at(-1);
    chain.push(parent === undefined ? diffID : parseDigest(`sha256:${new Bun.CryptoHasher("sha256").update(`${parent} ${diffID}`).digest("hex")}`));
  }
  return chain;
}
