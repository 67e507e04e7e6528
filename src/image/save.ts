import { endOfArchive, encodeHeader, padding, type NewEntry } from "../archive/mod.ts";
import { EngineError } from "../base/mod.ts";
import { canonicalName, digestHex, familiarName, familiarRepository, MEDIA, parseReference, type Descriptor, type Digest, type Reference } from "../spec/mod.ts";
import type { BlobHolds } from "./blob-holds.ts";
import { gathered } from "./gathered.ts";
import { layerBytes, type LayerBytesDeps } from "./layer-bytes.ts";
import { indexEntries } from "./index-content.ts";
import type { InstallDeps } from "./install-deps.ts";
import { mediaTypeOf } from "./manifests.ts";
import { platformMatches, platformText, type PlatformWish } from "./platform.ts";
import { findImage } from "./resolve.ts";
import type { ImageRow, ImageStore } from "./store.ts";
import { imageFor } from "./variant.ts";

export interface SaveDeps extends LayerBytesDeps, InstallDeps {
  readonly holds: BlobHolds;
}

export interface SaveOptions {
  readonly platform?: PlatformWish | undefined;
  /** What the archive calls the image, of which there is one, in place of its names here. */
  readonly as?: readonly Reference[] | undefined;
  readonly signal: AbortSignal;
}

export interface SavedArchive {
  /** What is in it: ids with their names. */
  readonly images: readonly { readonly id: Digest; readonly names: readonly string[] }[];
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** With a platform, the image of each name for it; otherwise whole indexes. @throws EngineError NotFound, in Docker's words */
export async function saveImages(deps: SaveDeps, names: readonly string[], { platform, as, signal }: SaveOptions): Promise<SavedArchive> {
  const selected = selectSaved(deps.store, names);
  const images: SavedImage[] = platform ? await Promise.all(selected.map((image) => onlyFor(deps, image, platform))) : selected.map((image) => ({ ...image, as }));
  return { images: images.map(({ row: { id }, names: tags }) => ({ id, names: tags.map(familiarName) })), bytes: gathered(savedArchive(deps, images, signal)) };
}

interface SavedImage {
  readonly row: ImageRow;
  /** With tags. */
  readonly names: readonly Reference[];
  /** Without the index it is of. */
  readonly alone?: true;
  readonly as?: readonly Reference[] | undefined;
}

async function onlyFor(deps: SaveDeps, { row, names }: SavedImage, platform: PlatformWish): Promise<SavedImage> {
  const [name] = names;
  const variant = await imageFor(deps, name ? canonicalName(name) : row.id, platform);
  if (!platformMatches(deps.store.parsed(variant).config, platform)) throw new EngineError("NotFound", `no suitable export target found for platform ${platformText(platform)}`);
  return { row: variant, names, alone: true };
}

/** What `docker save` is asked for, each image once, in the order of the names. @throws EngineError NotFound, in Docker's words */
function selectSaved(store: ImageStore, names: readonly string[]): SavedImage[] {
  const selected = new Map<Digest, { readonly row: ImageRow; readonly names: Map<string, Reference> }>();
  for (const name of names) {
    for (const { row, tag } of namedBy(store, name)) {
      const image = selected.get(row.id) ?? { row, names: new Map() };
      if (tag) image.names.set(canonicalName(tag), tag);
      selected.set(row.id, image);
    }
  }
  return [...selected.values()].map(({ row, names: tags }) => ({ row, names: [...tags.values()] }));
}

/** A repository's name alone means all of its tags; an id, the image without a name. */
function namedBy(store: ImageStore, name: string): { row: ImageRow; tag?: Reference }[] {
  if (/^(?:sha256:)?[0-9a-f]{64}$/.test(name) || name.startsWith("sha256:")) return [{ row: findImage(store, name) }];
  const reference = parseReference(name);
  if (reference.tag === undefined && reference.digest === undefined) {
    const tags = store.namesOfRepository(canonicalName(reference)).map(parseReference);
    if (tags.length > 0) return tags.map((tag) => ({ row: findImage(store, canonicalName(tag)), ...(tag.digest === undefined && { tag }) }));
    const row = byPrefix(store, name);
    if (!row) throw new EngineError("NotFound", `No such image: ${name}`);
    return [{ row }];
  }
  const id = store.idByName(canonicalName(withoutTagBesideDigest(reference)));
  const row = id === undefined ? undefined : store.row(id);
  if (!row) throw new EngineError("NotFound", "reference does not exist");
  return [{ row, ...(reference.digest === undefined && { tag: reference }) }];
}

function withoutTagBesideDigest({ tag, ...reference }: Reference): Reference {
  return reference.digest === undefined && tag !== undefined ? { ...reference, tag } : reference;
}

function byPrefix(store: ImageStore, hex: string): ImageRow | undefined {
  const [id, ...others] = /^[0-9a-f]{1,63}$/.test(hex) ? store.idsByPrefix(hex) : [];
  return id === undefined || others.length > 0 ? undefined : store.row(id);
}

interface Member {
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly bytes: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/**
 * The archive of `docker save` (Docker 25 and later): an OCI layout that is a docker-archive too, each blob once, in the form in which it
 * is kept. The same images give the same bytes at any time.
 */
async function* savedArchive(deps: SaveDeps, images: readonly SavedImage[], signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  await using hold = deps.holds.open();
  using leases = new DisposableStack();
  const blobs = new Map<Digest, Member>();
  const listed = images.map(({ row, names: own, alone, as }) => {
    const layers = deps.store.layers(row.id);
    const top = layers.at(-1);
    if (top) leases.use(deps.snapshots.layers.lease(top.n));
    const { manifest, config } = deps.store.parsed(row);
    const created = BigInt(row.created_ms) * 1_000_000n;
    const add = (digest: Digest, member: Member): void => {
      hold.add(digest);
      blobs.set(digest, member);
    };
    const stored = manifestDescriptor(deps, row.manifest, manifest.mediaType);
    add(row.manifest, { size: stored.size, mtimeNs: 0n, bytes: () => deps.content.open(row.manifest) });
    add(row.id, { size: manifest.config.size, mtimeNs: created, bytes: () => deps.content.open(row.id) });
    for (const [index, layer] of manifest.layers.entries()) add(layer.digest, { size: layer.size, mtimeNs: created, bytes: () => layerBytes(deps, layer, layers[index], signal) });
    const names = as ?? own;
    const found = alone ? [{ names: own, manifest: stored }] : withIndexes(deps, row, own, stored);
    const entries = as ? found.slice(0, 1).map(({ manifest: named }) => ({ names: as, manifest: named })) : found;
    for (const { manifest: { digest: index } } of entries) {
      if (index === row.manifest) continue;
      add(index, { size: deps.content.size(index) ?? 0, mtimeNs: 0n, bytes: () => deps.content.open(index) });
      for (const { blobs: kept } of indexEntries(deps.content, index)) for (const digest of kept) if (!blobs.has(digest)) add(digest, { size: deps.content.size(digest) ?? 0, mtimeNs: created, bytes: () => deps.content.open(digest) });
    }
    return { id: row.id, names, entries, layers: manifest.layers, diffIDs: config.rootfs.diff_ids, created };
  });
  const newest = listed.reduce((latest, { created }) => (created > latest ? created : latest), 0n);
  yield folder("blobs/", newest);
  yield folder("blobs/sha256/", newest);
  for (const [digest, member] of [...blobs].sort(([a], [b]) => (a < b ? -1 : 1))) yield* fileOf(`blobs/sha256/${digestHex(digest)}`, member);
  for (const [name, text] of descriptions(listed)) yield* fileOf(name, textMember(text));
  yield endOfArchive();
}

/** What names stand for in index.json: an index, or the image's manifest. */
interface NamedDescriptor {
  readonly names: readonly Reference[];
  readonly manifest: Descriptor;
}

function withIndexes(deps: SaveDeps, row: ImageRow, names: readonly Reference[], own: Descriptor): NamedDescriptor[] {
  const described = (index: Digest | undefined): Descriptor => (index === undefined || !deps.content.has(index) ? own : manifestDescriptor(deps, index, mediaTypeOf(deps.store, index)));
  if (names.length === 0) return [{ names, manifest: described(deps.store.indexes.ofImage(row.id)[0]) }];
  return names.map((name) => ({ names: [name], manifest: described(deps.store.indexes.ofName(canonicalName(name))) }));
}

interface ListedImage {
  readonly id: Digest;
  readonly names: readonly Reference[];
  readonly entries: readonly NamedDescriptor[];
  readonly layers: readonly Descriptor[];
  readonly diffIDs: readonly Digest[];
}

function manifestDescriptor({ content }: SaveDeps, digest: Digest, mediaType: string = MEDIA.ociManifest): Descriptor {
  const size = content.size(digest);
  if (size === undefined) throw new EngineError("System", `content ${digest} not found: load or pull the image again`);
  return { mediaType, digest, size };
}

/** index.json, manifest.json, oci-layout and repositories, in this order. */
function descriptions(images: readonly ListedImage[]): [string, string][] {
  const index = { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: images.flatMap(({ entries }) => entries.flatMap(namedEntries)) };
  const repositories: Record<string, Record<string, string>> = {};
  for (const { names, layers } of images) for (const name of names) (repositories[familiarRepository(name)] ??= {})[name.tag ?? ""] = digestHex(layers.at(-1)?.digest ?? ("sha256:" as Digest));
  return [
    ["index.json", JSON.stringify(index)],
    ["manifest.json", `${JSON.stringify(images.map(dockerEntry))}\n`],
    ["oci-layout", '{"imageLayoutVersion": "1.0.0"}'],
    ...(Object.keys(repositories).length > 0 ? [["repositories", `${JSON.stringify(repositories)}\n`] as [string, string]] : []),
  ];
}

function namedEntries({ names, manifest }: NamedDescriptor): Descriptor[] {
  if (names.length === 0) return [manifest];
  return names.map((name) => ({ ...manifest, annotations: { "io.containerd.image.name": canonicalName(name), "org.opencontainers.image.ref.name": name.tag ?? "" } }));
}

const pathOf = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`;

function dockerEntry({ id, names, layers, diffIDs }: ListedImage): Record<string, unknown> {
  // Only a plain layer is said again under its diffID: Docker would take another's description as that of the plain one.
  const sources = layers.flatMap(({ digest, size, mediaType }, index) => (diffIDs[index] === digest ? [[digest, { mediaType, size, digest }] as const] : []));
  return {
    Config: pathOf(id),
    RepoTags: names.length > 0 ? names.map(familiarName) : null,
    Layers: layers.map(({ digest }) => pathOf(digest)),
    ...(sources.length > 0 && { LayerSources: Object.fromEntries(sources) }),
  };
}

const folder = (name: string, mtimeNs: bigint): Uint8Array => encodeHeader({ kind: "directory", name, mode: 0o755, mtimeNs });

function textMember(text: string): Member {
  const bytes = Buffer.from(text);
  return { size: bytes.length, mtimeNs: 0n, bytes: () => [bytes] };
}

async function* fileOf(name: string, { size, mtimeNs, bytes }: Member): AsyncGenerator<Uint8Array, void, void> {
  const entry: NewEntry = { kind: "file", name, mode: 0o644, size, mtimeNs: mtimeNs - (mtimeNs % 1_000_000_000n) };
  yield encodeHeader(entry);
  yield* bytes();
  const rest = padding(size);
  if (rest.length > 0) yield rest;
}
