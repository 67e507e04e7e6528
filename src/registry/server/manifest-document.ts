import { MEDIA, parseDigest, type Descriptor, type Digest } from "../../spec/mod.ts";
import { Refusal } from "./refusal.ts";

/** What the registry must know of a manifest; everything else in it is the clients' affair. */
export interface ManifestDocument {
  readonly mediaType: string;
  readonly kind: "image" | "index";
  /** Blobs that must be there, with the sizes it claims. */
  readonly blobs: readonly Described[];
  /** Those, and others that may lie here though the manifest says that they lie elsewhere. */
  readonly referred: readonly Digest[];
  /** Manifests of an index. */
  readonly manifests: readonly IndexEntry[];
  readonly config: Described | undefined;
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Record<string, string> | undefined;
}

export interface Described {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
}

export interface IndexEntry extends Described {
  readonly platform: string | undefined;
}

const KIND: Readonly<Record<string, ManifestDocument["kind"]>> = {
  [MEDIA.ociManifest]: "image",
  [MEDIA.dockerManifest]: "image",
  [MEDIA.ociIndex]: "index",
  [MEDIA.dockerManifestList]: "index",
};

type Fields = Readonly<Record<string, unknown>>;

/** @throws Refusal MANIFEST_INVALID, that says which field is wrong */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): ManifestDocument {
  const document = parseJson(bytes);
  if (document["schemaVersion"] !== 2) throw invalid("schemaVersion must be 2");
  const mediaType = mediaTypeOf(document, contentType);
  const kind = KIND[mediaType];
  if (!kind) throw invalid(`media type ${mediaType.slice(0, 200)} is not one of a manifest or an index`);
  if (kind === "image" && document["manifests"] !== undefined) throw invalid("an image manifest has no field manifests");
  if (kind === "index" && (document["layers"] !== undefined || document["config"] !== undefined)) throw invalid("an index has no fields config and layers");
  const config = kind === "image" ? descriptor(document["config"], "config") : undefined;
  const layers = kind === "image" ? descriptors(document["layers"] ?? [], "layers") : [];
  const entries = kind === "index" ? descriptors(document["manifests"] ?? [], "manifests") : [];
  const subject = document["subject"] === undefined || document["subject"] === null ? undefined : descriptor(document["subject"], "subject");
  return {
    mediaType,
    kind,
    config,
    // A layer that lies elsewhere need not lie here too.
    blobs: [...(config ? [config] : []), ...layers.filter((layer) => !layer.urls?.length)],
    referred: [...(config ? [config] : []), ...layers].map(({ digest }) => digest),
    manifests: entries.map((entry) => ({ ...entry, platform: platformText(entry) })),
    subject: subject?.digest,
    artifactType: text(document["artifactType"], "artifactType") || config?.mediaType,
    annotations: annotations(document["annotations"]),
  };
}

function parseJson(bytes: Uint8Array): Fields {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (isFields(parsed)) return parsed;
  } catch {
    throw invalid("it is not JSON in UTF-8");
  }
  throw invalid("it is not a JSON object");
}

function mediaTypeOf(document: Fields, contentType: string | undefined): string {
  const inside = text(document["mediaType"], "mediaType");
  const outside = contentType?.split(";")[0]?.trim();
  if (inside && outside && inside !== outside) throw invalid(`its mediaType is ${inside.slice(0, 200)}, but it was sent as ${outside.slice(0, 200)}`);
  const mediaType = inside || outside;
  if (!mediaType) throw invalid("neither the header Content-Type nor the field mediaType says what it is");
  return mediaType;
}

function descriptors(value: unknown, where: string): Descriptor[] {
  if (!Array.isArray(value)) throw invalid(`${where} is not a list`);
  return value.map((entry: unknown, i) => descriptor(entry, `${where}[${i}]`));
}

function descriptor(value: unknown, where: string): Descriptor {
  if (!isFields(value)) throw invalid(`${where} is not a descriptor`);
  const { digest, size, mediaType, urls, platform } = value;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw invalid(`${where} has no valid size`);
  if (typeof mediaType !== "string" || mediaType === "") throw invalid(`${where} has no media type`);
  if (typeof digest !== "string") throw invalid(`${where} has no digest`);
  try {
    const known: Descriptor = { digest: parseDigest(digest), size, mediaType };
    if (Array.isArray(urls)) known.urls = urls.filter((url): url is string => typeof url === "string");
    if (isFields(platform) && typeof platform["os"] === "string" && typeof platform["architecture"] === "string") {
      known.platform = { os: platform["os"], architecture: platform["architecture"], ...(typeof platform["variant"] === "string" && { variant: platform["variant"] }) };
    }
    return known;
  } catch {
    throw invalid(`${where} has no valid sha256 digest`);
  }
}

function platformText({ platform }: Descriptor): string | undefined {
  return platform && [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
}

function annotations(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isFields(value)) throw invalid("annotations is not an object");
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, text(each, `annotation ${name.slice(0, 100)}`) ?? ""]));
}

function text(value: unknown, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalid(`${where} is not a string`);
  return value;
}

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const invalid = (reason: string): Refusal => new Refusal("MANIFEST_INVALID", `manifest invalid: ${reason}`);
