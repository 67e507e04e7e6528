import type { Database } from "bun:sqlite";
import { EngineError, messageOf } from "../base/mod.ts";
import type { ContentStore } from "../content/mod.ts";
import type { Layer, Snapshots } from "../snapshot/mod.ts";
import { familiarName, parseReference, type Digest } from "../spec/mod.ts";
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, parseConfig, parseManifest, type StoredConfig } from "./config.ts";
import type { Image } from "./image.ts";
import { IndexStore } from "./index-store.ts";

export interface ImageRow {
  readonly id: Digest;
  readonly manifest: Digest;
  readonly size: number;
  readonly created_ms: number;
  readonly parent: Digest | null;
  readonly last_tagged: string | null;
  readonly last_used_ms: number | null;
}

export interface NewImage {
  readonly id: Digest;
  readonly manifest: Digest;
  readonly size: number;
  readonly createdMs: number;
  readonly chain: readonly Digest[];
  readonly blobs: readonly Digest[];
  /** The image it was made of, on this machine. */
  readonly parent?: Digest | undefined;
}

/** How layers know who keeps them. */
export const layerOwner = (id: Digest): string => `image:${id}`;

const KEPT_CONFIGS = 1024;
const USE_PRECISION_MS = 60_000;

/** The rows of images and names, with the config and manifest that lie in content. */
export class ImageStore {
  readonly indexes: IndexStore;
  readonly #parsed = new Map<Digest, { readonly config: StoredConfig; readonly manifest: Image["manifest"] }>();

  constructor(
    readonly db: Database,
    readonly content: ContentStore,
    readonly snapshots: Snapshots,
  ) {
    this.indexes = new IndexStore(db);
  }

  get layersRoot(): string {
    return this.snapshots.layersRoot;
  }

  row(id: Digest): ImageRow | undefined {
    return this.db.query<ImageRow, [string]>("SELECT * FROM images WHERE id = ?").get(id) ?? undefined;
  }

  /** Newest first. */
  rows(): ImageRow[] {
    return this.db.query<ImageRow, []>("SELECT * FROM images ORDER BY created_ms DESC, added DESC").all();
  }

  idByName(name: string): Digest | undefined {
    return this.db.query<{ image_id: Digest }, [string]>("SELECT image_id FROM image_names WHERE name = ?").get(name)?.image_id;
  }

  /** Ids that begin so; at most two, enough to know whether it is one. */
  idsByPrefix(hex: string): Digest[] {
    const from = `sha256:${hex}`;
    return this.db.query<{ id: Digest }, [string, string]>("SELECT id FROM images WHERE id >= ? AND id < ? LIMIT 2").all(from, `${from}g`).map(({ id }) => id);
  }

  /** Canonical names, sorted. */
  names(id: Digest): string[] {
    return this.db.query<{ name: string }, [string]>("SELECT name FROM image_names WHERE image_id = ? ORDER BY name").all(id).map(({ name }) => name);
  }

  /** Canonical names with this in front of their tag or digest. */
  namesOfRepository(repository: string): string[] {
    const above = (separator: string): [string, string] => [`${repository}${separator}`, `${repository}${String.fromCharCode(separator.charCodeAt(0) + 1)}`];
    const query = this.db.query<{ name: string }, [string, string]>("SELECT name FROM image_names WHERE name >= ? AND name < ? ORDER BY name");
    return [...query.all(...above(":")), ...query.all(...above("@"))].map(({ name }) => name);
  }

  image(row: ImageRow): Image {
    const { config, manifest } = this.parsed(row);
    const top = this.layers(row.id).at(-1);
    const { repoTags, repoDigests } = splitNames(this.names(row.id));
    return { id: row.id, config, manifest, layers: top === undefined ? [] : this.snapshots.layers.stack(top.n), repoTags, repoDigests, size: row.size };
  }

  /** Base first. @throws EngineError System when one is not on disk any more */
  layers(id: Digest): Layer[] {
    return this.chain(id).map((chainID) => {
      const layer = this.snapshots.layers.byChainID(chainID);
      if (!layer) throw new EngineError("System", `image ${id} is damaged: its layer ${chainID} is missing; load or pull the image again`);
      return layer;
    });
  }

  chain(id: Digest): Digest[] {
    return this.db.query<{ chain_id: Digest }, [string]>("SELECT chain_id FROM image_layers WHERE image_id = ? ORDER BY position").all(id).map(({ chain_id }) => chain_id);
  }

  /** Some images that have the layer, and where. */
  placesOf(chainID: Digest): { image: Digest; position: number }[] {
    return this.db.query<{ image: Digest; position: number }, [string]>("SELECT image_id AS image, position FROM image_layers WHERE chain_id = ? LIMIT 16").all(chainID);
  }

  /** An image that has the layer, and where. */
  placeOf(chainID: Digest): { image: Digest; position: number } | undefined {
    return this.db.query<{ image: Digest; position: number }, [string]>("SELECT image_id AS image, position FROM image_layers WHERE chain_id = ? LIMIT 1").get(chainID) ?? undefined;
  }

  /** @throws EngineError System when the content is damaged */
  parsed(row: ImageRow): { readonly config: StoredConfig; readonly manifest: Image["manifest"] } {
    const known = this.#parsed.get(row.id);
    if (known) return known;
    const parsed = this.#parse(row);
    if (this.#parsed.size >= KEPT_CONFIGS) this.#parsed.clear();
    this.#parsed.set(row.id, parsed);
    return parsed;
  }

  /** Within the caller's transaction. */
  insert({ id, manifest, size, createdMs, chain, blobs, parent }: NewImage): void {
    const added = (this.db.query<{ next: number }, []>("SELECT coalesce(max(added), 0) + 1 AS next FROM images").get()?.next ?? 1);
    this.db.query("INSERT INTO images (id, manifest, size, created_ms, added, parent, last_used_ms) VALUES (?, ?, ?, ?, ?, ?, ?)").run(id, manifest, size, createdMs, added, parent ?? null, Date.now());
    const addBlob = this.db.query("INSERT OR IGNORE INTO image_blobs (image_id, digest) VALUES (?, ?)");
    for (const digest of blobs) addBlob.run(id, digest);
    const addLayer = this.db.query("INSERT INTO image_layers (image_id, position, chain_id) VALUES (?, ?, ?)");
    for (const [position, chainID] of chain.entries()) addLayer.run(id, position, chainID);
  }

  /** A container of it has just gone; to the minute. */
  noteUse(id: Digest): void {
    const now = Date.now();
    this.db.query("UPDATE images SET last_used_ms = ? WHERE id = ? AND coalesce(last_used_ms, 0) < ?").run(now, id, now - USE_PRECISION_MS);
  }

  /** Gives the name to this image, or to the index that it is of, taking it from whichever had it. Within the caller's transaction. */
  putName(name: string, id: Digest, lastTagged: string, index?: Digest): void {
    this.db.query("INSERT OR REPLACE INTO image_names (name, image_id, index_digest) VALUES (?, ?, ?)").run(name, id, index ?? null);
    this.db.query("UPDATE images SET last_tagged = ? WHERE id = ?").run(lastTagged, id);
  }

  /** What a registry calls the image now; that is no new tag. */
  putRepoDigest(name: string, id: Digest, index?: Digest): void {
    this.db.query("INSERT OR REPLACE INTO image_names (name, image_id, index_digest) VALUES (?, ?, ?)").run(name, id, index ?? null);
  }

  deleteName(name: string): void {
    this.db.query("DELETE FROM image_names WHERE name = ?").run(name);
  }

  /** Removes the image and the layers that only it kept; returns those, top first, and the blobs that nothing refers to any more. */
  delete(id: Digest): { layers: Layer[]; blobs: Digest[] } {
    this.#parsed.delete(id);
    return this.db.transaction(() => {
      const blobs = this.db.query<{ digest: Digest }, [string]>("SELECT digest FROM image_blobs WHERE image_id = ?").all(id).map(({ digest }) => digest);
      this.db.query("DELETE FROM images WHERE id = ?").run(id);
      const layers = this.snapshots.layers.release(layerOwner(id));
      return { layers, blobs: blobs.filter((digest) => !this.hasBlob(digest)) };
    })();
  }

  /** All that images and indexes refer to. */
  blobs(): Digest[] {
    return this.db.query<{ digest: Digest }, []>("SELECT digest FROM image_blobs UNION SELECT digest FROM index_blobs").all().map(({ digest }) => digest);
  }

  /** Of an image alone. */
  blobsOf(id: Digest): Digest[] {
    return this.db.query<{ digest: Digest }, [string]>("SELECT digest FROM image_blobs WHERE image_id = ?").all(id).map(({ digest }) => digest);
  }

  /** Images that refer to the blob, by themselves or through an index of their name. */
  ownersOfBlob(digest: Digest): Digest[] {
    const query = this.db.query<{ id: Digest }, [string, string]>(
      "SELECT image_id AS id FROM image_blobs WHERE digest = ? UNION SELECT n.image_id FROM index_blobs b JOIN image_names n ON n.index_digest = b.index_digest WHERE b.digest = ?",
    );
    return query.all(digest, digest).map(({ id }) => id);
  }

  ownersOfLayer(chainID: Digest): Digest[] {
    return this.db.query<{ id: Digest }, [string]>("SELECT image_id AS id FROM image_layers WHERE chain_id = ?").all(chainID).map(({ id }) => id);
  }

  /** Whether another image was built on this one. */
  hasChildren(id: Digest): boolean {
    return this.db.query("SELECT 1 FROM images WHERE parent = ? LIMIT 1").get(id) !== null;
  }

  hasBlob(digest: Digest): boolean {
    return this.db.query("SELECT 1 FROM image_blobs WHERE digest = ? LIMIT 1").get(digest) !== null || this.indexes.hasBlob(digest);
  }

  #parse(row: ImageRow): { readonly config: StoredConfig; readonly manifest: Image["manifest"] } {
    try {
      return { config: parseConfig(this.content.readJson(row.id, MAX_CONFIG_BYTES)), manifest: parseManifest(this.content.readJson(row.manifest, MAX_MANIFEST_BYTES)) };
    } catch (error) {
      throw new EngineError("System", `image ${row.id} is damaged: ${messageOf(error)}`, { cause: error });
    }
  }
}

export function splitNames(names: readonly string[]): { repoTags: string[]; repoDigests: string[] } {
  const references = names.map(parseReference);
  return {
    repoTags: references.filter(({ digest }) => digest === undefined).map(familiarName),
    repoDigests: references.filter(({ digest }) => digest !== undefined).map(familiarName),
  };
}

