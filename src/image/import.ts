import { EngineError, formatInstant, nowNs } from "../base/mod.ts";
import { canonicalName, parseReference, withDefaultTag, type Digest } from "../spec/mod.ts";
import { applyChanges } from "./changes.ts";
import type { StoredConfig } from "./config.ts";
import { installImage } from "./install.ts";
import { layerMediaType } from "./media-type.ts";
import type { LoadDeps } from "./load.ts";
import { Unpacked } from "./unpacked.ts";

export interface ImportOptions {
  readonly ref?: string | undefined;
  readonly message?: string | undefined;
  readonly changes?: readonly string[] | undefined;
  /** `linux/arm64`; this machine's where none is given. */
  readonly platform?: string | undefined;
}

/** `docker import`: a tar of a root file system, in any compression, becomes an image of one layer. @throws EngineError InvalidParameter */
export async function importImage(deps: LoadDeps, stream: AsyncIterable<Uint8Array>, { ref, message, changes = [], platform }: ImportOptions): Promise<{ id: Digest }> {
  // Everything that the request alone decides comes before the first byte is stored.
  const names = ref === undefined || ref === "" ? [] : [importName(ref)];
  const process = applyChanges({}, changes);
  const target = parsePlatform(platform, deps.architecture);
  await using hold = deps.holds.open();
  const blob = await deps.content.ingest(stream, { durable: false });
  hold.add(blob.digest);
  await using unpacked = Unpacked.start(deps, blob.digest, "layer");
  const { diffID, digest, compressedSize } = await unpacked.result;
  const created = formatInstant(nowNs());
  const comment = message || "Imported from -";
  const config: StoredConfig = {
    architecture: target.architecture,
    ...(target.variant !== undefined && { variant: target.variant }),
    os: "linux",
    created,
    comment,
    config: process,
    rootfs: { type: "layers", diff_ids: [diffID] },
    history: [{ created, comment }],
  };
  const layer = { digest, size: compressedSize, mediaType: layerMediaType(deps.content.path(digest)) };
  const { id } = await installImage(deps, { configBytes: Buffer.from(JSON.stringify(config)), layers: [layer], names }, { take: () => unpacked });
  return { id };
}

function importName(ref: string): string {
  const reference = parseReference(ref);
  if (reference.digest !== undefined) throw new EngineError("InvalidParameter", "cannot import digest reference");
  return canonicalName(withDefaultTag(reference));
}

function parsePlatform(platform: string | undefined, architecture: string): { architecture: string; variant: string | undefined } {
  if (platform === undefined || platform === "") return { architecture, variant: undefined };
  const [os = "", stated = architecture, variant] = platform.toLowerCase().split("/");
  if (!/^[a-z0-9_]+$/.test(os) || !/^[a-z0-9_]+$/.test(stated) || (variant !== undefined && !/^[a-z0-9_.]+$/.test(variant)))
    throw new EngineError("InvalidParameter", `"${platform.slice(0, 100)}" is an invalid component of "${platform.slice(0, 100)}": platform specifier component must match "^[A-Za-z0-9_.-]+$"`);
  if (os !== "linux") throw new EngineError("InvalidParameter", "operating system is not supported");
  return { architecture: stated, variant };
}
