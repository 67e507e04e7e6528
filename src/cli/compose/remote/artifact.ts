import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Repository } from "../../../registry/mod.ts";
import { canonicalName, parseDigest, parseReference, withDefaultTag, type Descriptor, type ImageIndex, type ImageManifest, type Reference } from "../../../spec/mod.ts";
import type { LoadedConfig } from "../../config-file.ts";
import { Failure } from "../../failure.ts";
import { isList, isLocalRegistry, RemoteManifests } from "../../manifest/remote.ts";
import { cacheFolder } from "./cache-folder.ts";
import { ARTIFACT, EMPTY_CONFIG, ENV_FILE, FILE } from "./media.ts";

/** More than any project's file. */
const MAX_FILE_BYTES = 8 << 20;
const MAX_FILES = 100;

/** A project as `compose publish` makes it, as a folder with `compose.yaml`; by its digest. @throws Failure in docker-compose's words */
export async function fetchArtifact(name: string, config: LoadedConfig): Promise<string> {
  const reference = withDefaultTag(parseReference(name));
  const shown = canonicalName(reference);
  const repository = await new RemoteManifests(config, isLocalRegistry(reference)).repository(reference);
  const { descriptor, bytes } = await failingAs(shown, repository.manifest(reference.digest ?? reference.tag ?? "latest"));
  const folder = join(cacheFolder(), descriptor.digest.slice("sha256:".length));
  if (existsSync(folder)) return folder;
  const manifest = parsed<Partial<ImageManifest>>(isList(descriptor) ? await manifestOfBundle(repository, bytes, shown) : bytes, shown);
  if (manifest.artifactType === undefined ? manifest.config?.mediaType !== EMPTY_CONFIG["1.0"] : manifest.artifactType !== ARTIFACT) throw new Failure(`${shown} is not a compose project OCI artifact, but ${manifest.artifactType ?? ""}`);
  await unpack(repository, manifest.layers ?? [], folder, reference);
  return folder;
}

/** A bundle lists the project beside the images that it is made of. */
async function manifestOfBundle(repository: Repository, bytes: Uint8Array, shown: string): Promise<Uint8Array> {
  const { manifests = [] } = parsed<Partial<ImageIndex>>(bytes, shown);
  const project = manifests.findLast(({ artifactType }) => artifactType === ARTIFACT);
  if (!project) throw new Failure(`OCI index ${shown} doesn't refer to compose artifacts`);
  return (await failingAs(shown, repository.manifest(parseDigest(project.digest)))).bytes;
}

async function unpack(repository: Repository, layers: readonly Descriptor[], folder: string, reference: Reference): Promise<void> {
  if (layers.length > MAX_FILES) throw new Failure(`${canonicalName(reference)} has more than ${MAX_FILES} files`);
  const work = `${folder}.${process.pid}`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true, mode: 0o700 });
  try {
    for (const [index, layer] of layers.entries()) await failingAs(canonicalName(reference), write(repository, layer, index, work));
    renameSync(work, folder);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    // Another command has done the same meanwhile.
    if (error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST")) return;
    throw error;
  }
}

/** All files of a project are one, document after document; files that it extends, and env files, have names. */
async function write(repository: Repository, layer: Descriptor, index: number, folder: string): Promise<void> {
  const { mediaType, annotations = {} } = layer;
  const isEnvFile = mediaType === ENV_FILE;
  if (mediaType !== FILE && !isEnvFile) return;
  const isNamed = isEnvFile || annotations["com.docker.compose.extends"] !== undefined;
  const name = isNamed ? annotations[isEnvFile ? "com.docker.compose.envfile" : "com.docker.compose.file"] : "compose.yaml";
  if (name === undefined && isEnvFile) throw new Failure(`missing annotation com.docker.compose.envfile in layer ${JSON.stringify(layer.digest)}`);
  if (name === undefined || /[\\/\0]/.test(name) || ["", ".", ".."].includes(name)) throw new Failure("invalid OCI artifact");
  const content = await blob(repository, layer);
  const mode = 0o600;
  if (isEnvFile) writeFileSync(join(folder, name), content, { mode });
  else appendFileSync(join(folder, name), index > 0 && annotations["com.docker.compose.file"] !== undefined ? Buffer.concat([Buffer.from("\n---\n"), content]) : content, { mode });
}

async function blob(repository: Repository, { digest: said, size }: Descriptor): Promise<Buffer> {
  const digest = parseDigest(said);
  if (size > MAX_FILE_BYTES) throw new Failure(`the file ${digest} is larger than ${MAX_FILE_BYTES >> 20} MiB`);
  const hasher = new Bun.CryptoHasher("sha256");
  const pieces: Buffer[] = [];
  for await (const piece of await repository.blob(digest, { expectedSize: size })) {
    hasher.update(piece);
    pieces.push(Buffer.from(piece));
  }
  if (`sha256:${hasher.digest("hex")}` !== digest) throw new Failure(`the file ${digest} is not what its digest promises`);
  return Buffer.concat(pieces);
}

function parsed<T>(bytes: Uint8Array, shown: string): T {
  try {
    return Object(JSON.parse(Buffer.from(bytes).toString("utf8"))) as T;
  } catch {
    throw new Failure(`failed to pull OCI resource ${JSON.stringify(shown)}: its manifest is no JSON`);
  }
}

async function failingAs<T>(shown: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`failed to pull OCI resource ${JSON.stringify(shown)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
