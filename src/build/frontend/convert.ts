import { EngineError } from "../../base/mod.ts";
import { DockerfileError, errorAt, globalArguments, instructionTitle, InstructionError, parseTrigger, predefinedArguments, sourcesOf, StageScope, type Dockerfile, type Environment, type Instruction, type PlatformMismatch, type Stage } from "../../dockerfile/mod.ts";
import { makeVertex } from "../graph/make-vertex.ts";
import type { Platform } from "../graph/op.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { BuildRequest } from "../request.ts";
import { applyInstruction, type StageContext } from "./instructions.ts";
import { argumentPlatform, normalPlatform, OWN_PLATFORM, parsePlatform, platformText } from "./platform.ts";
import type { BaseImage, SourceFinder } from "./sources.ts";
import { StageGraph } from "./stage-graph.ts";
import { scratchBase, StageState, withPath, type StageBase, type Step } from "./stage-state.ts";
import type { ImageConfig } from "../../spec/mod.ts";

export interface ConvertOptions {
  readonly file: Dockerfile;
  readonly request: BuildRequest;
  readonly platform: Platform;
  /** Names of steps say the platform. */
  readonly severalPlatforms: boolean;
  readonly sources: SourceFinder;
  /** RFC 3339; undefined where the exporter fills it in. */
  readonly created: string | undefined;
}

/** What is to be built for one platform. */
export interface Target {
  readonly platform: Platform;
  /** Undefined: nothing at all. */
  readonly vertex: Vertex | undefined;
  /** Without its layers. */
  readonly config: ImageConfig;
  /** Of all stages that were needed, in the order of the file. */
  readonly steps: readonly Step[];
  /** Images that stages began with or copied from. */
  readonly images: readonly (BaseImage & { readonly ref: string })[];
  /** Stages, by index, that begin with an image for another platform. */
  readonly mismatches: ReadonlyMap<number, PlatformMismatch>;
}

/** The graph of one platform. @throws DockerfileError */
export async function convert(options: ConvertOptions): Promise<Target> {
  return await new Conversion(options).target();
}

class Conversion {
  readonly #options: ConvertOptions;
  readonly #globals: Environment;
  readonly #graph: StageGraph;
  readonly #ends = new Map<number, StageState>();
  readonly #images = new Map<string, Promise<BaseImage>>();
  readonly #mismatches = new Map<number, PlatformMismatch>();
  readonly #usedImages = new Map<string, BaseImage & { readonly ref: string }>();

  constructor(options: ConvertOptions) {
    this.#options = options;
    const { file, request, platform } = options;
    this.#globals = globalArguments(file, predefinedArguments({ buildPlatform: argumentPlatform(OWN_PLATFORM), targetPlatform: argumentPlatform(platform), target: request.target, buildArgs: request.buildArgs }), request.buildArgs);
    this.#graph = new StageGraph(file, this.#globals);
  }

  async target(): Promise<Target> {
    const { request, platform } = this.#options;
    const stage = this.#graph.target(request.target);
    for (const needed of this.#graph.needed(stage)) this.#beginLoading(needed);
    const end = await this.#end(stage.index);
    const config = end.config();
    if (Object.keys(request.labels).length > 0) config.config = { ...config.config, Labels: { ...config.config?.Labels, ...request.labels } };
    const stages = [...this.#ends].sort(([one], [other]) => one - other);
    return { platform, vertex: end.vertex, config, steps: stages.flatMap(([, { steps }]) => steps), images: [...this.#usedImages.values()], mismatches: this.#mismatches };
  }

  /** Images arrive side by side; who needs one awaits it, and is told what went wrong. */
  #beginLoading(stage: Stage): void {
    const { baseName, baseStage } = this.#graph.baseOf(stage);
    if (baseName === "scratch" || baseStage !== undefined || this.#options.request.namedContexts.length > 0) return;
    this.#image(baseName, this.#platformOf(stage)).catch(() => undefined);
  }

  #platformOf(stage: Stage): Platform {
    const { platform } = this.#graph.baseOf(stage);
    return platform === undefined ? this.#options.platform : this.#within(stage, () => parsePlatform(platform));
  }

  #image(ref: string, platform: Platform): Promise<BaseImage> {
    const key = JSON.stringify([ref, platform]);
    const known = this.#images.get(key);
    if (known) return known;
    const image = this.#options.sources.image(ref, platform);
    this.#images.set(key, image);
    return image;
  }

  async #end(index: number): Promise<StageState> {
    const known = this.#ends.get(index);
    if (known) return known;
    const stage = this.#options.file.stages[index];
    if (stage === undefined) throw new Error(`there is no stage ${index}`);
    const state = await this.#withinAsync(stage, () => this.#begin(stage));
    for (const instruction of state.instructions) await this.#withinAsync(instruction, () => this.#apply(state, instruction));
    this.#ends.set(index, state);
    return state;
  }

  async #begin(stage: Stage): Promise<StageState> {
    const { file, request, severalPlatforms } = this.#options;
    const named = stage.name === undefined ? undefined : await this.#options.sources.named(stage.name, this.#options.platform);
    const { baseName, baseStage } = this.#graph.baseOf(stage);
    const platform = named || baseStage === undefined ? this.#platformOf(stage) : (await this.#end(baseStage)).platform;
    const countsBase = named === undefined && baseStage === undefined && baseName !== "scratch";
    const begin = named ? await this.#namedBase(named, platform) : await this.#baseOf(stage, platform);
    if (countsBase || named?.kind === "image") this.#noteMismatch(stage, platform, begin.config);
    const triggers = named ? [] : (begin.config.config?.OnBuild ?? []).map((text) => parseTrigger(text, stage, file.source));
    const instructions = named ? [] : [...triggers, ...stage.instructions];
    const ignoreCache = request.noCache || (request.noCacheFilter.length > 0 && stage.name !== undefined && request.noCacheFilter.some((name) => name.toLowerCase() === stage.name));
    const state = new StageState(stage, this.#shownName(stage), platform, begin, this.#scopeOf(begin), instructions, { ignoreCache, showPlatform: severalPlatforms, countsBase, triggers: new Set(triggers) });
    state.process.OnBuild = null;
    state.steps.push({ text: stage.original, stage: state.name, range: stage.range, vertex: state.vertex });
    if (countsBase && state.vertex) state.vertex = renamed(state.vertex, state.nextName(state.vertex.name), state.name);
    return state;
  }

  #noteMismatch({ index, baseName }: Stage, expected: Platform, { os, architecture, variant }: ImageConfig): void {
    const actual = normalPlatform({ os, architecture, variant });
    if (architecture === "" || (actual.os === expected.os && actual.architecture === expected.architecture)) return;
    this.#mismatches.set(index, { image: baseName, expected: platformText(expected), actual: platformText(actual) });
  }

  #scopeOf({ scope, config }: StageBase): StageScope {
    const { file, request } = this.#options;
    const env = config.config?.Env ?? [];
    return scope?.derived(env) ?? StageScope.ofImage(env, { globals: this.#globals, buildArgs: request.buildArgs, escape: file.directives.escape });
  }

  /** Images that are only copied from count as stages too. */
  #shownName({ name, index }: Stage): string {
    if (name !== undefined) return name;
    const { stages } = this.#options.file;
    const others = stages.flatMap(({ instructions }) => instructions).some((instruction) => (instruction.kind === "run" && instruction.mountFlags.some(({ from }) => from === undefined)) || sourcesOf(instruction).some((from) => this.#graph.find(from) === undefined));
    return stages.length > 1 || others ? `stage-${index}` : "";
  }

  async #baseOf(stage: Stage, platform: Platform): Promise<StageBase> {
    const { baseName: name, baseStage } = this.#graph.baseOf(stage);
    if (baseStage !== undefined) {
      const end = await this.#end(baseStage);
      return { vertex: end.vertex, config: end.config(), scope: end.scope };
    }
    if (name === "scratch") return scratchBase(platform);
    const named = await this.#options.sources.named(name, platform);
    if (named) return await this.#namedBase(named, platform);
    return this.#imageBase(name, await this.#image(name, platform), platform);
  }

  #namedBase(named: Awaited<ReturnType<SourceFinder["named"]>> & object, platform: Platform): StageBase {
    if (named.kind === "image") return this.#imageBase(named.ref, named.image, platform);
    return { ...scratchBase(platform), vertex: named.vertex };
  }

  #imageBase(ref: string, image: BaseImage, platform: Platform): StageBase {
    this.#usedImages.set(ref, { ...image, ref });
    const vertex = makeVertex({ kind: "image", ref, digest: image.id, platform }, [], { name: `FROM ${image.name}${image.digest === undefined ? "" : `@${image.digest}`}` });
    return { vertex, config: withPath(image.config) };
  }

  async #apply(state: StageState, instruction: Instruction): Promise<void> {
    const { file, request, created, sources } = this.#options;
    const expanded = state.scope.step(instruction).instruction;
    const shown = `${state.options.triggers.has(instruction) ? "ONBUILD " : ""}${instructionTitle(expanded, state.scope.environment, file.directives)}`;
    const context: StageContext = { request, created, git: (remote, ref) => sources.git(remote, ref), http: (url) => sources.http(url), source: (from) => this.#source(state, from), shown };
    const before = state.vertex;
    await applyInstruction(state, expanded, context);
    state.steps.push({ text: instruction.original, stage: state.name, range: instruction.range, vertex: state.vertex === before ? undefined : state.vertex });
  }

  /** What `from` names; without it, the build context. */
  async #source(state: StageState, from: string | undefined): Promise<Vertex | undefined> {
    if (from === undefined) return await this.#options.sources.context();
    const stage = this.#graph.find(from);
    if (stage !== undefined) return (await this.#end(stage.index)).vertex;
    if (from === "scratch") return undefined;
    const named = await this.#options.sources.named(from, state.platform);
    if (named) return (await this.#namedBase(named, state.platform)).vertex;
    return this.#imageBase(from, await this.#image(from, state.platform), state.platform).vertex;
  }

  #within<T>(at: Pick<Instruction, "range">, act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw this.#located(error, at);
    }
  }

  async #withinAsync<T>(at: Pick<Instruction, "range">, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw this.#located(error, at);
    }
  }

  #located(error: unknown, { range }: Pick<Instruction, "range">): unknown {
    if (error instanceof DockerfileError || !(error instanceof EngineError || error instanceof InstructionError)) return error;
    return errorAt(error, this.#options.file.source, range);
  }
}

const renamed = (vertex: Vertex, name: string, stage: string): Vertex => ({ ...vertex, name, stage });
