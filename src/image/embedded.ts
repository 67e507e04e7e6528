import { encodeTar, nameFromText } from "../archive/mod.ts";
import { canonicalName, MEDIA, parseReference, withDefaultTag, type Digest, type ImageProcessConfig } from "../spec/mod.ts";
import type { StoredConfig } from "./config.ts";
import { chainIDs } from "./config.ts";
import { installImage } from "./install.ts";
import type { LoadDeps } from "./load.ts";

export interface EmbeddedFile {
  /** Relative to the root: `bin/hello`. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode?: number;
}

/** The epoch: the same release makes the same image on every machine. */
const CREATED = "1970-01-01T00:00:00Z";

/** An image of one layer out of files that the executable carries; does nothing when that very image is there. */
export async function addEmbeddedImage(deps: LoadDeps, ref: string, files: readonly EmbeddedFile[], process: ImageProcessConfig): Promise<{ id: Digest }> {
  const layer = encodeTar(withFolders(files));
  const diffID = digestOf(layer);
  const config: StoredConfig = {
    architecture: deps.architecture,
    os: "linux",
    created: CREATED,
    config: process,
    rootfs: { type: "layers", diff_ids: [diffID] },
    history: [{ created: CREATED, created_by: "embedded in the engine" }],
  };
  const configBytes = Buffer.from(JSON.stringify(config));
  const id = digestOf(configBytes);
  const name = canonicalName(withDefaultTag(parseReference(ref)));
  if (deps.store.idByName(name) === id && chainIDs([diffID]).every((chainID) => deps.snapshots.layers.byChainID(chainID))) return { id };
  await using hold = deps.holds.open();
  hold.add((await deps.content.put(layer, { durable: false })).digest);
  await installImage(deps, { configBytes, layers: [{ digest: diffID, size: layer.length, mediaType: MEDIA.ociLayer }], names: [name] });
  return { id };
}

function withFolders(files: readonly EmbeddedFile[]): Parameters<typeof encodeTar>[0] {
  const folders = new Set<string>();
  for (const { path } of files) for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) folders.add(path.slice(0, at));
  return [
    ...[...folders].sort().map((folder) => ({ kind: "directory" as const, name: `${nameFromText(folder)}/`, mode: 0o755 })),
    ...files.map(({ path, content, mode = 0o755 }) => ({ kind: "file" as const, name: nameFromText(path), mode, content })),
  ];
}

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}` as Digest;
}
