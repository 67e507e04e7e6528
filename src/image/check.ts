import { checkApplied } from "../archive/mod.ts";
import { EngineError, messageOf } from "../base/mod.ts";
import type { Layer } from "../snapshot/mod.ts";
import { familiarName, parseReference, type Digest } from "../spec/mod.ts";
import type { BlobHolds } from "./blob-holds.ts";
import { shortID } from "./image.ts";
import type { InstallDeps } from "./install-deps.ts";
import type { LayerBytesDeps } from "./layer-bytes.ts";
import { blobOf } from "./repair.ts";

export interface CheckDeps extends InstallDeps, LayerBytesDeps {
  readonly holds: BlobHolds;
}

export interface CheckOptions {
  /** Damaged blobs are removed, so that they are fetched again; damaged layers unpacked again. */
  readonly repair: boolean;
  /** Whether a running container sees the layer: its files must stay where they are. */
  readonly layerInUse: (n: number) => boolean;
  readonly signal: AbortSignal;
}

/** What a check has found, in sentences. */
export interface Finding {
  readonly kind: "blob" | "layer";
  readonly digest: Digest;
  /** Names of the images that it is of, or ids of those without. */
  readonly images: readonly string[];
  readonly problem: string;
  /** What was done about it; undefined when nothing was. */
  readonly mended: string | undefined;
  /** What is left to do. */
  readonly remedy: string | undefined;
}

export interface CheckSummary {
  readonly blobs: number;
  readonly bytes: number;
  readonly layers: number;
  readonly damaged: number;
  readonly mended: number;
}

/** Reads every blob and every layer, whatever else goes on meanwhile. */
export async function* checkStore(deps: CheckDeps, options: CheckOptions): AsyncGenerator<Finding, CheckSummary, void> {
  let damaged = 0;
  let mended = 0;
  const count = (finding: Finding): Finding => {
    damaged++;
    if (finding.remedy === undefined) mended++;
    return finding;
  };
  const unreadable = new Set<Digest>();
  const blobs = new Set([...deps.content.list(), ...deps.store.blobs()]);
  let bytes = 0;
  for (const digest of blobs) {
    options.signal.throwIfAborted();
    bytes += deps.content.size(digest) ?? 0;
    const problem = await blobProblem(deps, digest);
    if (problem === undefined) continue;
    unreadable.add(digest);
    yield count(await blobFinding(deps, options, digest, problem));
  }
  const layers = deps.snapshots.layers.all();
  for (const layer of layers) {
    const finding = await layerFinding(deps, options, layer, unreadable);
    if (finding) yield count(finding);
  }
  return { blobs: blobs.size, bytes, layers: layers.length, damaged, mended };
}

async function blobProblem({ content, store }: CheckDeps, digest: Digest): Promise<string | undefined> {
  if (!content.has(digest)) return store.hasBlob(digest) ? "it is missing" : undefined;
  try {
    for await (const _ of content.open(digest));
    return undefined;
  } catch (error) {
    // It went while we looked, with its image.
    if (!content.has(digest)) return undefined;
    return error instanceof EngineError && error.kind === "System" ? "its bytes are not what its digest says" : `it cannot be read: ${messageOf(error)}`;
  }
}

async function blobFinding(deps: CheckDeps, { repair }: CheckOptions, digest: Digest, problem: string): Promise<Finding> {
  const owners = deps.store.ownersOfBlob(digest);
  const images = owners.flatMap((id) => called(deps, id));
  const pulled = owners.some((id) => deps.store.names(id).some((name) => name.includes("@")));
  // Nothing refers to one without an owner; one that nobody can read serves nobody.
  if (repair && deps.content.has(digest)) await deps.content.remove(digest);
  const remedy = owners.length === 0 ? undefined : `${pulled ? "pull" : "load or pull"} ${images[0] ?? "the image"} again: only what is missing is fetched`;
  return { kind: "blob", digest, images, problem, mended: repair ? "removed" : undefined, remedy: repair || owners.length > 0 ? remedy : "run the check with --repair" };
}

const called = ({ store }: CheckDeps, id: Digest): string[] => {
  const names = store.names(id).map((name) => familiarName(parseReference(name)));
  const tags = names.filter((name) => !name.includes("@"));
  return tags.length > 0 ? tags : names.length > 0 ? names : [shortID(id)];
};

async function layerFinding(deps: CheckDeps, options: CheckOptions, layer: Layer, unreadable: ReadonlySet<Digest>): Promise<Finding | undefined> {
  const images = deps.store.ownersOfLayer(layer.chainID).flatMap((id) => called(deps, id));
  const blob = sourceOf(deps, layer);
  using lease = leaseOf(deps, layer);
  if (!lease) return undefined;
  const found = (problem: string, rest: Pick<Finding, "mended" | "remedy">): Finding => ({ kind: "layer", digest: layer.diffID, images, problem, ...rest });
  const folder = deps.snapshots.layers.folder(layer.n);
  const first = images[0] ?? "the image";
  if (blob !== undefined && unreadable.has(blob)) return undefined;
  if (blob === undefined || !deps.content.has(blob)) {
    // Only what was made here and never had a blob packs to its diffID; otherwise there is nothing to compare with.
    const madeHere = blob === layer.diffID && !deps.store.hasBlob(blob);
    return madeHere && (await packedDigest(deps, folder, options.signal, true)) !== layer.diffID ? found("its files have changed", { mended: undefined, remedy: `load or pull ${first} again, or make it again` }) : undefined;
  }
  using fresh = deps.snapshots.layers.create();
  try {
    const applied = await deps.slots.run(() => deps.extractor.unpack({ blob: deps.content.path(blob), targetDir: fresh.folder, expected: { digest: blob } }));
    checkApplied(applied, { diffID: layer.diffID });
    const digests = [folder, fresh.folder].map((path) => packedDigest(deps, path, options.signal, false));
    if ((await digests[0]) === (await digests[1])) return undefined;
  } catch (error) {
    options.signal.throwIfAborted();
    return found(`its files cannot be compared: ${messageOf(error)}`, { mended: undefined, remedy: `load or pull ${first} again` });
  }
  if (!options.repair) return found("its files have changed", { mended: undefined, remedy: "run the check with --repair" });
  if (options.layerInUse(layer.n)) return found("its files have changed", { mended: undefined, remedy: "stop the containers that run on it, then run the check again" });
  deps.snapshots.layers.replaceFolder(layer.n, fresh);
  return found("its files have changed", { mended: "unpacked again", remedy: undefined });
}

/** Undefined too where the manifest is damaged, which is told of by itself. */
function sourceOf({ store }: CheckDeps, { chainID }: Layer): Digest | undefined {
  try {
    return blobOf(store, chainID);
  } catch {
    return undefined;
  }
}

/** The layer stays while it is looked at; undefined when it has gone. */
function leaseOf({ snapshots }: CheckDeps, { n, chainID }: Layer): Disposable | undefined {
  return snapshots.layers.byChainID(chainID)?.n === n ? snapshots.layers.lease(n) : undefined;
}

/** In place of the digest, why there is none. */
async function packedDigest({ packLayer }: CheckDeps, folder: string, signal: AbortSignal, folderTimes: boolean): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  try {
    for await (const bytes of packLayer(folder, signal, { folderTimes })) hasher.update(bytes);
  } catch (error) {
    signal.throwIfAborted();
    return messageOf(error);
  }
  return `sha256:${hasher.digest("hex")}`;
}
