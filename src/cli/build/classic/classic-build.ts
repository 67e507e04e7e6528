import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { classicBuild, pushImage, readJsonLines, type Client } from "../../../client/mod.ts";
import { familiarRepository, parseReference, withDefaultTag, type BuildEvent, type BuildRequest, type Digest } from "../../../spec/mod.ts";
import type { Invocation } from "../../command.ts";
import { registryHeader } from "../../credentials/registry-header.ts";
import { Failure } from "../../failure.ts";
import { showProgress } from "../../progress.ts";
import type { BuildEnd } from "../connection.ts";
import type { PreparedBuild } from "../request.ts";
import { ClassicSteps, type ClassicLine } from "./classic-steps.ts";
import { contextTar, dockerfileTar, type GivenDockerfile } from "./context-tar.ts";

const HEREDOC = /^\s*(?:RUN|COPY|ADD)\b.*<<-?["']?\w/im;
const MOUNT_OR_LINK = /^\s*(?:RUN|COPY|ADD)\s+(?:\S+\s+)*--(?:mount|link|network|security|parents|exclude|keep-git-dir|checksum)\b/im;
const ADVICE = "the engine at this host is Docker's own, of which only the classic builder is used here: build with `docker buildx build` there, or with an engine of ours";

/**
 * Builds with the classic builder of an engine that has no route of ours: the context goes as an archive, what happens comes back as text.
 * @throws Failure for what that builder has no word for
 */
export async function buildClassically({ client, config }: Pick<Invocation, "client" | "config">, { request, input }: Pick<PreparedBuild, "request" | "input">, show: (event: BuildEvent) => void, signal: AbortSignal): Promise<BuildEnd> {
  refuseNewer(request);
  const { body, dockerfile, text, remote } = contextOf(request, input.folders);
  const steps = new ClassicSteps(show);
  let imageId: string | undefined;
  const answer = await classicBuild(client, { query: queryOf(request, dockerfile, remote), headers: { "X-Registry-Config": registries(request) }, body, signal });
  for await (const line of readJsonLines<ClassicLine>(answer.body)) {
    if (line.error !== undefined) return { failed: { message: explained(line.error, text), vertex: steps.finish(line.error), exitCode: undefined, excerpt: "", shell: false } };
    imageId = line.aux?.ID ?? imageId;
    steps.take(line);
  }
  steps.finish(undefined);
  if (request.exporters.some(({ attrs }) => attrs["push"] === "true")) for (const tag of request.tags) await push(client, config, tag);
  return { done: { imageId: imageId as Digest | undefined, descriptor: undefined, metadata: { ...(imageId !== undefined && { "containerimage.config.digest": imageId }), ...(request.tags.length > 0 && { "image.name": request.tags.join(",") }) } } };
}

/** @throws Failure for the first thing that only BuildKit's builders do */
function refuseNewer(request: BuildRequest): void {
  const asked: readonly (readonly [boolean, string])[] = [
    [request.call !== "build", `--call=${request.call}`],
    [request.namedContexts.length > 0, "--build-context"],
    [request.exporters.some(({ type }) => type !== "image"), `an output of type ${request.exporters.find(({ type }) => type !== "image")?.type}`],
    [request.cacheTo.length > 0, "--cache-to"],
    [request.attests.some(({ disabled }) => !disabled), "an attestation"],
    [request.platforms.length > 1, "several platforms"],
    [request.allow.length > 0, "--allow"],
    [request.noCacheFilter.length > 0, "--no-cache-filter"],
    [request.annotations.length > 0, "--annotation"],
  ];
  const [, what] = asked.find(([is]) => is) ?? [];
  if (what !== undefined) throw new Failure(`ERROR: failed to build: ${what} needs BuildKit: ${ADVICE}`);
}

interface ClassicContext {
  readonly body: AsyncIterable<Uint8Array>;
  /** Its path in the context. */
  readonly dockerfile: string;
  /** Of the Dockerfile, where it is known here. */
  readonly text: string;
  readonly remote: string | undefined;
}

function contextOf({ context, dockerfile }: BuildRequest, folders: ReadonlyMap<string, string>): ClassicContext {
  if (context.kind === "git" || context.kind === "http") {
    if (dockerfile.kind !== "remote") throw new Failure(`ERROR: failed to build: a Dockerfile from here for a context from elsewhere needs BuildKit: ${ADVICE}`);
    return { body: (async function* () {})(), dockerfile: dockerfile.path, text: "", remote: context.url };
  }
  const root = context.kind === "local" ? folders.get(context.folder) : undefined;
  const place = dockerfile.kind === "file" ? join(folders.get(dockerfile.folder) ?? "", dockerfile.path) : undefined;
  const text = dockerfile.kind === "text" ? dockerfile.text : place === undefined ? "" : readDockerfile(place);
  const inside = root !== undefined && place !== undefined ? relative(root, place) : undefined;
  if (root !== undefined && inside !== undefined && !inside.startsWith("../")) return { body: contextTar(root, inside), dockerfile: inside, text, remote: undefined };
  const given: GivenDockerfile = { name: `.dockerfile.${crypto.randomUUID().slice(0, 8)}`, text };
  return { body: root === undefined ? dockerfileTar(given) : contextTar(root, given), dockerfile: given.name, text, remote: undefined };
}

function readDockerfile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new Failure(`ERROR: failed to build: unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`);
  }
}

function queryOf(request: BuildRequest, dockerfile: string, remote: string | undefined): Record<string, string | number | boolean | readonly string[] | undefined> {
  const { ulimits, platforms: [platform] } = request;
  return {
    dockerfile,
    remote,
    t: request.tags,
    target: request.target || undefined,
    buildargs: JSON.stringify(request.buildArgs),
    labels: JSON.stringify(request.labels),
    cachefrom: JSON.stringify(request.cacheFrom.flatMap(({ attrs }) => (attrs["ref"] === undefined ? [] : [attrs["ref"]]))),
    nocache: request.noCache || undefined,
    pull: request.pull || undefined,
    networkmode: request.network,
    extrahosts: request.addHosts.length > 0 ? JSON.stringify(request.addHosts) : undefined,
    shmsize: request.shmSize || undefined,
    ulimits: ulimits.length > 0 ? JSON.stringify(ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard }))) : undefined,
    cgroupparent: request.cgroupParent || undefined,
    platform: platform && [platform.os, platform.architecture, ...(platform.variant ? [platform.variant] : [])].join("/"),
    rm: true,
    version: "1",
  };
}

function registries({ credentials }: BuildRequest): string {
  const entries = Object.entries(credentials).map(([registry, { username, password, identityToken }]) => [registry, { username, password, ...(identityToken && { identitytoken: identityToken }) }]);
  return Buffer.from(JSON.stringify(Object.fromEntries(entries))).toString("base64url");
}

/** What the builder does not know is said in its own words; that it is BuildKit's, in ours. */
function explained(error: string, dockerfile: string): string {
  const newer = /requires BuildKit/.test(error) || HEREDOC.test(dockerfile) || MOUNT_OR_LINK.test(dockerfile);
  return newer ? `${error.replace(/ Refer to https?:\S+ to learn .*$/, "")}\nthis Dockerfile needs BuildKit: ${ADVICE}` : error;
}

async function push(client: Client, config: Invocation["config"], tag: string): Promise<void> {
  const reference = withDefaultTag(parseReference(tag));
  const answer = await pushImage(client, familiarRepository(reference), { tag: reference.tag }, await registryHeader(config, reference));
  await showProgress(readJsonLines(answer.body), undefined);
}
