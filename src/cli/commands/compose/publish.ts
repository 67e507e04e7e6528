import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { COMPOSE_VERSION, writeProject, writeYaml, type Project } from "../../../compose/mod.ts";
import { canonicalName, MEDIA, parseDigest, parseReference, withDefaultTag, type Digest, type Reference } from "../../../spec/mod.ts";
import { openContext, type OpenContext } from "../../compose/context.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { RemoteManifests } from "../../manifest/remote.ts";
import { out } from "../../output.ts";
import { askLine } from "../../questions.ts";
import { stdinIsTerminal } from "../../terminal.ts";
import { imagesOnly, withImageDigests } from "./image-digests.ts";
import { openProject } from "./project-options.ts";

const ARTIFACT = "application/vnd.docker.compose.project";
const FILE = "application/vnd.docker.compose.file+yaml";
const EMPTY = { "1.0": "application/vnd.docker.compose.config.empty.v1+json", "1.1": "application/vnd.oci.empty.v1+json" } as const;

interface Layer {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The project's files as an artifact of a registry, as docker-compose publishes them. */
export async function run(invocation: Invocation): Promise<number> {
  const { flags, args, config } = invocation;
  const version = flags.string("oci-version") || "1.1";
  if (version !== "1.0" && version !== "1.1") throw new Failure(`unsupported OCI version: ${version}`);
  if (flags.bool("app")) throw new Failure("--app is not supported: push the images with `docker compose push`, and publish without it");
  const target = withDefaultTag(parseReference(args[0] ?? ""));
  const project = openProject(invocation, [], undefined, { resolveEnvironment: false });
  check(project, flags.bool("with-env"));
  if (!flags.bool("yes") && !(await mayPublishBinds(project))) return 0;
  using context = openContext(invocation);
  const layers = layersOf(project);
  if (flags.bool("resolve-image-digests")) layers.push({ name: "image-digests.yaml", bytes: Buffer.from(writeYaml(writeProject(imagesOnly(await withImageDigests(project, invocation)), "yaml"))) });
  const id = args[0] ?? "";
  context.tell({ id, what: "publishing", text: "", status: "working" });
  if (!context.dryRun) await push(new RemoteManifests(config, isLocal(target)), target, { layers, version });
  context.tell({ id, what: "published", text: "", status: "done" });
  return finish(context);
}

function finish(context: OpenContext): number {
  context.view.end();
  return 0;
}

const isLocal = ({ domain }: Reference): boolean => /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/.test(domain);

/** What others could not use, or should not see. */
function check({ services, composeFiles }: Project, withEnvironment: boolean): void {
  const all = Object.values(services);
  if (composeFiles.includes("-")) throw new Failure("standard input cannot be published: name a file");
  const withFile = all.find(({ env_file }) => env_file?.length);
  if (withFile) throw new Failure(`service ${JSON.stringify(withFile.name)} has env_file, which is not published: write its variables below environment`);
  const bare = all.find(({ build, image }) => build && image === undefined);
  if (bare) throw new Failure(`cannot publish compose project: service ${JSON.stringify(bare.name)} has a build section and no image: name the image under which it is pushed`);
  const secret = all.find(({ environment }) => Object.keys(environment ?? {}).length > 0);
  if (secret && !withEnvironment) throw new Failure(`service ${JSON.stringify(secret.name)} has environment variable(s) declared.\nTo avoid leaking sensitive data, you must either explicitly allow the sending of environment variables by using the --with-env flag,\nor remove sensitive data from your Compose configuration`);
}

async function mayPublishBinds({ services }: Project): Promise<boolean> {
  const binds = Object.values(services).flatMap(({ name, volumes = [] }) => volumes.filter(({ type }) => type === "bind").map(({ source, target }) => `${name}: ${source}:${target}`));
  if (binds.length === 0) return true;
  out(`You are about to publish bind mounts (their declarations, not what is in them):\n${binds.map((bind) => `  ${bind}\n`).join("")}`);
  if (!stdinIsTerminal()) throw new Failure("nobody is there to be asked: say --yes to publish them");
  return /^y(es)?$/i.test((await askLine("Are you ok to publish these bind mount declarations? [yN] ")).trim());
}

/** @throws Failure for files that need others beside them */
function layersOf({ composeFiles }: Project): Layer[] {
  return composeFiles.map((file) => {
    const bytes = readFileSync(file);
    if (/^include:/m.test(bytes.toString("utf8"))) throw new Failure(`cannot publish compose file with local includes: ${file}`);
    return { name: basename(file), bytes };
  });
}

async function push(remote: RemoteManifests, target: Reference, { layers, version }: { readonly layers: readonly Layer[]; readonly version: "1.0" | "1.1" }): Promise<void> {
  const repository = await remote.repository(target);
  const store = async (mediaType: string, bytes: Uint8Array): Promise<{ mediaType: string; digest: Digest; size: number }> => {
    const digest = parseDigest(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
    await repository.uploadBlob({ digest, size: bytes.length, open: () => once(bytes) });
    return { mediaType, digest, size: bytes.length };
  };
  const config = await store(EMPTY[version], Buffer.from("{}"));
  const stored = await Promise.all(layers.map(async ({ name, bytes }) => ({ ...(await store(FILE, bytes)), annotations: { "com.docker.compose.file": name, "com.docker.compose.version": COMPOSE_VERSION } })));
  const manifest = { schemaVersion: 2, mediaType: MEDIA.ociManifest, ...(version === "1.1" && { artifactType: ARTIFACT }), config, layers: stored, annotations: { "org.opencontainers.image.created": new Date().toISOString().replace(/\.\d+Z$/, "Z") } };
  await repository.putManifest(target.tag ?? target.digest ?? canonicalName(target), MEDIA.ociManifest, Buffer.from(JSON.stringify(manifest)));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}
