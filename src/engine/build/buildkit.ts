import { EngineError, messageOf, type ByteDuplex } from "../../base/mod.ts";
import { serveBuildkit, UPLOAD, type BuildkitBuild, type BuildkitEngine, type CacheUsage, type KeptContext, type Recording } from "../../build/mod.ts";
import { interpretedArchitectures } from "../../linux/mod.ts";
import type { EngineContext } from "../context.ts";
import { OWN_ARCHITECTURE } from "../create/platform.ts";
import type { StreamSession } from "../hijack.ts";
import type { BuildClient, BuildResult, Tell } from "../ports.ts";
import { pruneAll } from "./build-cache.ts";
import { buildImages } from "./build-images.ts";
import { sweepContexts } from "./build-session.ts";
import { runBuild, type RunBuildOptions } from "./run-build.ts";
import { UploadedContext } from "./upload-context.ts";

/** A connection on which a client asks for builds, in BuildKit's own protocol. */
export function openBuildkitControl(ctx: EngineContext): StreamSession {
  return { tty: false, run: (duplex) => serveBuildkit(duplex, engineOf(ctx)) };
}

export interface BuildkitSessionIdentity {
  readonly id: string;
  readonly sharedKey: string;
}

/** A connection on which the client answers what its builds ask. @throws EngineError InvalidParameter */
export function openBuildkitSession(ctx: EngineContext, { id, sharedKey }: BuildkitSessionIdentity): StreamSession {
  if (id === "" || id.length > 256) throw new EngineError("InvalidParameter", "a session has an id (X-Docker-Expose-Session-Uuid)");
  return {
    tty: false,
    run: (duplex: ByteDuplex) => ctx.buildkitSessions.serve(id, sharedKey, duplex).catch((error: unknown) => ctx.log(`a build session ends: ${messageOf(error)}`)),
  };
}

/** Besides this machine's own. */
const FOREIGN = ["amd64", "arm64", "arm", "riscv64", "ppc64le", "s390x", "mips64le", "mips64", "loong64"].filter((architecture) => architecture !== OWN_ARCHITECTURE);

/** The copy of a client's folder, as BuildKit's clients are told of one. */
const contextUsage = ({ key, sizeBytes, lastUsedMs, inUse }: KeptContext): CacheUsage => ({ id: key.slice(0, 25), parents: [], kind: "source.local", description: "local source for context", inUse, shared: false, mutable: true, size: sizeBytes, createdMs: lastUsedMs, usedMs: lastUsedMs, uses: 1 });

function engineOf(ctx: EngineContext): BuildkitEngine {
  return {
    id: ctx.identity.id,
    version: ctx.identity.version,
    hostGateway: ctx.defaults.hostGatewayIPs[0] ?? ctx.network.bridge.gateway,
    platforms: [OWN_ARCHITECTURE, ...(OWN_ARCHITECTURE === "amd64" ? ["386"] : []), ...interpretedArchitectures(FOREIGN)].map((architecture) => ({ os: "linux", architecture })),
    sessions: ctx.buildkitSessions,
    contexts: ctx.buildContexts,
    history: ctx.buildHistory,
    run: (build, tell, signal) => runRecorded(ctx, build, tell, signal),
    untag: (name) => buildImages(ctx).untag(name),
    policy: ctx.solver.cache.policy,
    usage: () => ctx.solver.cache.usage(),
    prune: async (options) => {
      const { records, contexts } = await pruneAll(ctx, options);
      return [...records, ...contexts.map(contextUsage)];
    },
  };
}

async function runRecorded(ctx: EngineContext, build: BuildkitBuild, tell: Tell, signal: AbortSignal): Promise<BuildResult> {
  const { request, context, order } = build;
  const dockerfile = request.dockerfile.kind === "text" ? request.dockerfile.name : request.dockerfile.path;
  const recording = order && ctx.buildHistory.begin({ name: context.slice(context.lastIndexOf("/") + 1) || "default", context, dockerfile, target: request.target }, order, request.buildRef);
  const telling: Tell = (event) => {
    tell(event);
    recording?.tell(event);
  };
  try {
    const result = await runFor(ctx, build, telling, signal, recording);
    recording?.completed(result);
    return result;
  } catch (error) {
    recording?.failed(error, signal.aborted);
    throw error;
  } finally {
    sweepContexts(ctx);
  }
}

/** A context that the client sends as an archive is unpacked first. */
async function runFor(ctx: EngineContext, { request, client, context }: BuildkitBuild, tell: Tell, signal: AbortSignal, recording: Recording | undefined): Promise<BuildResult> {
  const options: RunBuildOptions = { credentialsOf: (registry) => client.credentials(registry), attested: (statements) => recording?.attest(statements) };
  if (!context.startsWith(UPLOAD)) return await runBuild(ctx, request, client, tell, signal, options);
  await using uploaded = await UploadedContext.unpack(ctx, { bytes: client.upload(new URL(context).pathname) }, signal);
  const own = request.context.kind === "local" ? request.context.folder : "context";
  const both: BuildClient = {
    folder: (name, selection) => (name === own ? uploaded.folder() : client.folder(name, selection)),
    file: (name, path, maxBytes) => (name === own ? uploaded.file(name, path, maxBytes) : client.file(name, path, maxBytes)),
    layout: (store, wanted) => client.layout(store, wanted),
    secret: (id) => client.secret(id),
    ssh: (id) => client.ssh(id),
    output: (index) => client.output(index),
  };
  return await runBuild(ctx, request, both, tell, signal, options);
}
