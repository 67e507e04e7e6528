import { EngineError, messageOf } from "../../base/mod.ts";
import { isGitSource } from "../../dockerfile/mod.ts";
import { canonicalName, parseDigest, parseReference, withDefaultTag } from "../../spec/mod.ts";
import type { BuildClient } from "../client.ts";
import { lendLayout } from "../client-layout.ts";
import { makeVertex } from "../graph/make-vertex.ts";
import type { Platform } from "../graph/op.ts";
import type { Vertex } from "../graph/vertex.ts";
import { shownAs, type ShownWork, type Tell } from "../internal-vertex.ts";
import type { BuildImages } from "../ports.ts";
import type { BuildRequest } from "../request.ts";
import { gitVertex } from "../sources/git-vertex.ts";
import { readIgnoreFile } from "./ignore-file.ts";
import { platformText } from "./platform.ts";
import type { BaseImage, NamedSource, SourceFinder } from "./sources.ts";

export interface ImageFinder {
  /** An image of this machine, brought from its registry where it is not here, or where the request wants it looked up. */
  find(ref: string, platform: Platform, request: BuildRequest, work: ShownWork, signal: AbortSignal): Promise<Omit<BaseImage, "name">>;
}

export interface SourceFinderDeps {
  readonly request: BuildRequest;
  readonly client: BuildClient;
  readonly images: ImageFinder & Pick<BuildImages, "layout">;
  readonly resolveGit: (remote: string, ref: string, signal: AbortSignal) => Promise<string>;
  readonly resolveHttp: (url: string, signal: AbortSignal) => Promise<string>;
  /** A context that is no folder of the client's. */
  readonly remote: Vertex | undefined;
  readonly severalPlatforms: boolean;
  readonly tell: Tell;
  readonly signal: AbortSignal;
  /** What the build holds until it is over. */
  readonly held: AsyncDisposableStack;
}

const DOWNLOAD_MODE = 0o600;
const OCI_LAYOUT = "oci-layout://";

/** Looks things up once in a build, and shows it. */
export function sourceFinder(deps: SourceFinderDeps): SourceFinder {
  const { request, tell } = deps;
  const images = new Map<string, Promise<BaseImage>>();
  const folders = new Map<string, Promise<Vertex>>();
  const prefix = (platform: Platform): string => (deps.severalPlatforms ? `[${platformText(platform)} internal]` : "[internal]");

  const image = (ref: string, platform: Platform): Promise<BaseImage> => {
    const name = canonicalName(withDefaultTag(parseReference(ref)));
    const key = `${name} ${platformText(platform)}`;
    const known = images.get(key);
    if (known) return known;
    const found = shownAs(tell, `${prefix(platform)} load metadata for ${name}`, async (work) => ({ name, ...(await deps.images.find(ref, platform, request, work, deps.signal)) })).catch((error: unknown) => {
      throw told(error, `${ref}: failed to resolve source metadata for ${name}`);
    });
    images.set(key, found);
    return found;
  };
  const folder = (name: string, shownName: string, useDockerfiles: boolean): Promise<Vertex> => {
    const known = folders.get(name);
    if (known) return known;
    const found = folderVertex(deps, name, shownName, useDockerfiles);
    folders.set(name, found);
    return found;
  };
  const layouts = new Map<string, Promise<NamedSource>>();
  const layout = (name: string, value: string, platform: Platform): Promise<NamedSource> => {
    const key = `${name} ${platformText(platform)}`;
    const found = layouts.get(key) ?? layoutSource(deps, name, value, platform);
    layouts.set(key, found);
    return found;
  };
  const git = (remote: string, ref: string): Promise<string> => deps.resolveGit(remote, ref, deps.signal);
  const http = (url: string): Promise<string> => deps.resolveHttp(url, deps.signal);
  const context = async (): Promise<Vertex> => {
    if (deps.remote) return deps.remote;
    if (request.context.kind === "local") return await folder(request.context.folder, "[internal] load build context", true);
    return makeVertex({ kind: "file", base: undefined, actions: [] }, [], { name: "[internal] load build context" });
  };
  const named = async (name: string, platform: Platform): Promise<NamedSource | undefined> => {
    const found = contextFor(request, name);
    if (found === undefined) return undefined;
    const { value } = found;
    if (value.startsWith("docker-image://")) {
      const ref = value.slice("docker-image://".length);
      return { kind: "image", ref, image: await image(ref, platform) };
    }
    if (value.startsWith(OCI_LAYOUT)) return await layout(found.name, value, platform);
    if (value.startsWith("local:")) return { kind: "files", vertex: await folder(value.slice("local:".length), `[context ${found.name}] load from client`, false) };
    if (isGitSource(value)) return { kind: "files", vertex: await gitVertex(value, { keepGitFolder: undefined, checksum: "", name: `[context ${found.name}] ${value}`, resolve: git }) };
    if (/^https?:\/\//i.test(value)) return { kind: "files", vertex: unpackedDownload(value, await http(value), `[context ${found.name}] ${value}`) };
    throw new EngineError("InvalidParameter", `unsupported context source ${value.split(":", 1)[0]} for ${found.name}`);
  };
  return { image, context, named, git, http };
}

/** `oci-layout://FOLDER[:TAG][@DIGEST]` */
async function layoutSource({ client, images, held, tell, signal }: SourceFinderDeps, name: string, value: string, platform: Platform): Promise<NamedSource> {
  const [, folder = "", tag, written] = /^([^@:]*)(?::([^@]*))?(?:@(.*))?$/.exec(value.slice(OCI_LAYOUT.length)) ?? [];
  const digest = written === undefined ? undefined : parseDigest(written);
  return await shownAs(tell, `[context ${name}] OCI load from client`, async () => {
    const { os, architecture, variant } = platform;
    const lent = held.use(await lendLayout(client, images, { folder, store: `oci:${folder}`, digest, platform }, { kind: "one", tag: digest ? undefined : tag, digest, platform: { os, architecture, variant } }, signal));
    const [image] = lent.images;
    if (!image) throw new EngineError("NotFound", `${value}: not found`);
    return { kind: "image", ref: name, image: { ...image, name, digest } };
  });
}

/** Names of images match with and without what is implied. */
function contextFor({ namedContexts }: BuildRequest, name: string): BuildRequest["namedContexts"][number] | undefined {
  if (namedContexts.length === 0) return undefined;
  const wanted = new Set([name, name.toLowerCase(), canonicalOf(name)]);
  return namedContexts.find((context) => wanted.has(context.name) || wanted.has(context.name.toLowerCase()) || canonicalOf(context.name) === canonicalOf(name));
}

function canonicalOf(name: string): string {
  try {
    return canonicalName(withDefaultTag(parseReference(name)));
  } catch {
    // No image's name, ignoring: a stage's.
    return name.toLowerCase();
  }
}

async function readShown(client: BuildClient, folder: string, own: { readonly folder: string; readonly path: string } | undefined, work: ShownWork): Promise<readonly string[]> {
  const patterns = await readIgnoreFile(client, folder, own);
  // As BuildKit counts: the bytes of an answer that has nothing in it are two.
  work.done("transferring context:", patterns.join("\n").length + 2);
  return patterns;
}

async function folderVertex({ client, request, tell }: SourceFinderDeps, folder: string, name: string, useDockerfiles: boolean): Promise<Vertex> {
  const { dockerfile } = request;
  const own = useDockerfiles && dockerfile.kind === "file" ? dockerfile : undefined;
  const ignore = useDockerfiles ? await shownAs(tell, "[internal] load .dockerignore", (work) => readShown(client, folder, own, work)) : await readIgnoreFile(client, folder, own);
  return makeVertex({ kind: "local", name: folder, ignore }, [], { name });
}

/** An archive from the network, as the files in it. */
export function unpackedDownload(url: string, validator: string, name: string): Vertex {
  const download = makeVertex({ kind: "http", url, validator, fileName: "context", mode: DOWNLOAD_MODE }, [], { name });
  return makeVertex({ kind: "file", base: undefined, actions: [{ action: "copy", input: 0, sources: ["/context"], target: "/", targetIsFolder: true, wildcards: false, parents: false, exclude: [], owner: "", mode: "", unpack: true, contentsOnly: true, followLinks: false, required: true }] }, [download], { name: `${name} (extract)` });
}

function told(error: unknown, about: string): unknown {
  return error instanceof EngineError ? new EngineError(error.kind, `${about}: ${messageOf(error)}`, { cause: error }) : error;
}
