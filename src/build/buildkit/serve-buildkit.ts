import { EngineError, type ByteDuplex } from "../../base/mod.ts";
import { MessageWriter, readFields, serveCalls, textOf, type Call, type Methods } from "../../grpc/mod.ts";
import type { BuildRequest, BuildResult } from "../../spec/mod.ts";
import type { PolicyRule } from "../cache/policy.ts";
import type { CacheUsage } from "../cache/usage.ts";
import type { PruneOptions } from "../cache/build-cache.ts";
import type { ContextStore } from "../contexts/store.ts";
import type { Platform } from "../graph/op.ts";
import type { BuildEvent } from "../progress.ts";
import { EXPORTED } from "../exporters/image.ts";
import type { BuildHistory } from "../history/history.ts";
import type { BuildOrder } from "../history/kept-build.ts";
import { contentMethods } from "./content-service.ts";
import { frontendRequest } from "./frontend-request.ts";
import { followHistory, listenHistory, updateHistory } from "./history-service.ts";
import { Job, Jobs } from "./jobs.ts";
import { definitionOf } from "./result-definition.ts";
import { BuildkitClient } from "./session-client.ts";
import type { BuildkitSessions } from "./sessions.ts";
import { readGatewaySolve, readReturn, readSolveRequest, type FrontendCall, type SolveRequest } from "./solve-request.ts";
import { solveFailure } from "./solve-failure.ts";
import { exporterResponse } from "./exporter-response.ts";
import { pruneOptions, usageFilter, writePolicy, writeUsage } from "./usage-messages.ts";

/** What clients of BuildKit's protocol are served with. */
export interface BuildkitEngine {
  readonly id: string;
  readonly version: string;
  /** The address that `host-gateway` stands for. */
  readonly hostGateway: string;
  readonly platforms: readonly Platform[];
  readonly sessions: BuildkitSessions;
  readonly contexts: ContextStore;
  readonly history: BuildHistory;
  run(build: BuildkitBuild, tell: (event: BuildEvent) => void, signal: AbortSignal): Promise<BuildResult>;
  /** Takes a name off an image, and with its last name the image. */
  untag(name: string): Promise<void>;
  usage(): readonly CacheUsage[];
  readonly policy: readonly PolicyRule[];
  prune(options: PruneOptions): Promise<readonly CacheUsage[]>;
}

/** What one connection asks for. */
export interface BuildkitBuild {
  readonly request: BuildRequest;
  readonly client: BuildkitClient;
  /** What the client calls the place that it builds from. */
  readonly context: string;
  /** For the history; undefined for what is no build of its own. */
  readonly order: BuildOrder | undefined;
}

const CONTROL = "/moby.buildkit.v1.Control/";
const BRIDGE = "/moby.buildkit.v1.frontend.LLBBridge/";
/** Of the client's part of a build: what it may use beside solving. */
const GATEWAY_ABILITIES = ["solve.base", "resolveimage", "return", "returnmap", "proto.refarray", "frontend.caps", "frontend.inputs", "reference.output", "gateway.evaluate", "importcaches"];
/** Of the engine: what clients look for before they ask for it. */
const ENGINE_ABILITIES = ["source.image", "source.local", "source.local.sessionid", "source.git", "source.http", "exporter.multiple", "exporter.image.attestations", "exporter.image.annotations", "constraints", "platform"];

const MAX_INPUT_DEPTH = 20;

/** BuildKit's own protocol on one connection. Resolves when it is over, and every build of it. */
export async function serveBuildkit(duplex: ByteDuplex, engine: BuildkitEngine): Promise<void> {
  await serveCalls(duplex, new BuildkitConnection(engine).methods);
}

class BuildkitConnection {
  readonly methods: Methods;
  readonly #engine: BuildkitEngine;
  readonly #jobs = new Jobs();

  constructor(engine: BuildkitEngine) {
    this.#engine = engine;
    this.methods = new Map<string, (call: Call) => Promise<void>>([
      [`${CONTROL}Info`, (call) => call.send(new MessageWriter().message(1, this.#version()).finish())],
      [`${CONTROL}ListWorkers`, (call) => call.send(new MessageWriter().message(1, this.#worker()).finish())],
      [`${CONTROL}DiskUsage`, (call) => this.#usage(call)],
      [`${CONTROL}Prune`, (call) => this.#prune(call)],
      [`${CONTROL}Status`, (call) => this.#status(call)],
      [`${CONTROL}Solve`, (call) => this.#solve(call)],
      [`${CONTROL}ListenBuildHistory`, (call) => listenHistory(call, engine.history)],
      [`${CONTROL}UpdateBuildHistory`, (call) => updateHistory(call, engine.history)],
      ...contentMethods((digest) => engine.history.document(digest)),
      [`${BRIDGE}Ping`, (call) => this.#ping(call)],
      [`${BRIDGE}Solve`, (call) => this.#gatewaySolve(call)],
      // All of a result is built when the client has said what it is for.
      [`${BRIDGE}Evaluate`, (call) => call.send(new Uint8Array(0))],
      [`${BRIDGE}Return`, (call) => this.#return(call)],
    ]);
  }

  #version(): MessageWriter {
    return new MessageWriter().text(1, "hakobune").text(2, this.#engine.version);
  }

  #worker(): MessageWriter {
    const { id, hostGateway, platforms, policy } = this.#engine;
    const labels = {
      "org.mobyproject.buildkit.worker.executor": "hakobune",
      "org.mobyproject.buildkit.worker.moby.host-gateway-ip": hostGateway,
      // By its presence clients know that images of several platforms can be kept, and archives made.
      "org.mobyproject.buildkit.worker.snapshotter": "overlayfs",
    };
    const worker = new MessageWriter().text(1, id).map(2, labels);
    for (const { architecture, os, variant } of platforms) worker.message(3, new MessageWriter().text(1, architecture).text(2, os).text(3, variant));
    for (const rule of policy) worker.message(4, writePolicy(rule));
    return worker.message(5, this.#version());
  }

  async #usage(call: Call): Promise<void> {
    const response = new MessageWriter();
    for (const record of this.#engine.usage().filter(usageFilter(await call.request()))) response.message(1, writeUsage(record));
    await call.send(response.finish());
  }

  async #prune(call: Call): Promise<void> {
    for (const record of await this.#engine.prune(pruneOptions(await call.request()))) await call.send(writeUsage(record).finish());
  }

  async #status(call: Call): Promise<void> {
    let ref = "";
    for (const { number, bytes } of readFields(await call.request())) if (number === 1) ref = textOf(bytes);
    if (!this.#jobs.has(ref) && this.#engine.history.has(ref)) return await followHistory(call, this.#engine.history, ref);
    for await (const message of this.#jobs.get(ref).status.read(call.signal)) await call.send(message);
  }

  async #solve(call: Call): Promise<void> {
    const message = await call.request();
    const request = readSolveRequest(message);
    const job = this.#jobs.get(request.ref);
    try {
      job.begin(request, message.length);
      const direct = request.frontend !== "" || request.hasDefinition;
      const frontend = direct ? request : (await job.returned(call.signal)).call;
      const result = frontend && (await this.#build(request, frontend, job, call.signal));
      await job.free(call.signal);
      await call.send(new MessageWriter().map(1, result ? exporterResponse(result) : {}).finish());
    } catch (error) {
      throw solveFailure(error);
    } finally {
      job.end();
    }
  }

  async #ping(call: Call): Promise<void> {
    const response = new MessageWriter();
    for (const [field, abilities] of [[1, GATEWAY_ABILITIES], [2, ENGINE_ABILITIES]] as const) for (const ability of abilities) response.message(field, new MessageWriter().text(1, ability).number(2, true));
    await call.send(response.message(3, this.#worker()).finish());
  }

  /** What is only asked is answered now; what is built waits until the client says that this is what it wants. */
  async #gatewaySolve(call: Call): Promise<void> {
    const job = this.#jobOf(call);
    const message = await call.request();
    const frontend = readGatewaySolve(message);
    const result = new MessageWriter();
    if (frontend.attrs["requestid"]) {
      try {
        const { answer } = await this.#build(await job.request(call.signal), frontend, job, call.signal);
        if (answer) result.map(10, { "result.json": JSON.stringify(answer.json, undefined, 2), "result.txt": answer.text, ...(answer.statusCode !== 0 && { "result.statuscode": String(answer.statusCode) }) });
      } catch (error) {
        throw solveFailure(error);
      }
    } else {
      for (const input of frontend.inputs.values()) job.hold(this.#sourceOf(input).job);
      const id = job.remember(frontend, message.length);
      result.message(3, new MessageWriter().text(1, id).message(2, definitionOf(`${this.#refOf(call)}/${id}`)));
    }
    await call.send(new MessageWriter().message(3, result).finish());
  }

  async #return(call: Call): Promise<void> {
    const { refs, error } = readReturn(await call.request());
    this.#jobOf(call).finish(refs, error);
    await call.send(new Uint8Array(0));
  }

  #jobOf(call: Call): Job {
    return this.#jobs.get(this.#refOf(call));
  }

  #refOf(call: Call): string {
    return call.metadata("buildkit-controlapi-buildid") ?? "";
  }

  async #build(solve: SolveRequest, frontend: FrontendCall, job: Job, signal: AbortSignal): Promise<BuildResult> {
    await using inputs = new AsyncDisposableStack();
    const images = await this.#inputImages(frontend, inputs, signal, 0);
    const request = frontendRequest(solve, frontend, images);
    const order = request.call === "build" ? { frontend: frontend.frontend, attrs: frontend.attrs, exporters: solve.exporters } : undefined;
    return await this.#run(solve, request, frontend, order, (event) => job.status.tell(event), signal);
  }

  async #run(solve: SolveRequest, request: BuildRequest, { attrs }: FrontendCall, order: BuildOrder | undefined, tell: (event: BuildEvent) => void, signal: AbortSignal): Promise<BuildResult> {
    const session = await this.#engine.sessions.get(solve.session, signal);
    const client = new BuildkitClient(session, this.#engine.contexts, request);
    return await this.#engine.run({ request, client, context: attrs["context"] ?? attrs["vcs:localdir:context"] ?? "", order }, tell, signal);
  }

  #sourceOf(result: string): { readonly job: Job; readonly id: string } {
    const slash = result.lastIndexOf("/");
    return { job: this.#jobs.get(result.slice(0, slash)), id: result.slice(slash + 1) };
  }

  /** Results of other builds become images for as long as this one takes: their steps are known, or are shared with whoever runs them now. */
  async #inputImages({ inputs }: FrontendCall, held: AsyncDisposableStack, signal: AbortSignal, depth: number): Promise<ReadonlyMap<string, string>> {
    if (depth > MAX_INPUT_DEPTH) throw new EngineError("InvalidParameter", "results are made of results of results without end");
    const images = new Map<string, string>();
    for (const [name, result] of inputs) {
      const { job, id } = this.#sourceOf(result);
      const call = job.call(id);
      const solve = await job.request(signal);
      const image = `${EXPORTED}:${crypto.randomUUID()}`;
      const request = frontendRequest(solve, call, await this.#inputImages(call, held, signal, depth + 1));
      await this.#run(solve, { ...request, tags: [], cacheTo: [], attests: [], exporters: [{ type: "image", attrs: { name: image } }] }, call, undefined, () => undefined, signal);
      held.defer(() => this.#engine.untag(image));
      images.set(name, image);
    }
    return images;
  }
}
