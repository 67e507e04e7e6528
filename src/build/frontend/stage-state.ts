import type { Instruction, SourceRange, Stage, StageScope } from "../../dockerfile/mod.ts";
import type { HistoryEntry, ImageConfig, ImageProcessConfig } from "../../spec/mod.ts";
import type { Platform } from "../graph/op.ts";
import type { Vertex } from "../graph/vertex.ts";
import { platformText } from "./platform.ts";

const DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What a stage begins with: an image, another stage's end, or nothing. */
export interface StageBase {
  /** Undefined: an empty file system. */
  readonly vertex: Vertex | undefined;
  readonly config: ImageConfig;
  /** ARG and ENV that a stage's end hands on to the stages on top of it. */
  readonly scope?: StageScope | undefined;
}

/** A line of the Dockerfile as one step: what the classic stream counts, and errors point to. */
export interface Step {
  readonly text: string;
  readonly stage: string;
  readonly range: SourceRange;
  /** Undefined where nothing is done to files. */
  readonly vertex: Vertex | undefined;
}

/** One stage while its instructions are gone through. */
export class StageState {
  vertex: Vertex | undefined;
  process: ImageProcessConfig;
  author: string | undefined;
  readonly history: HistoryEntry[];
  readonly steps: Step[] = [];
  commandSet = false;
  #step = 0;

  constructor(
    readonly stage: Stage,
    /** As progress shows it; "" where there is one stage without a name. */
    readonly name: string,
    readonly platform: Platform,
    readonly base: StageBase,
    /** What RUN gets and words are expanded with. */
    readonly scope: StageScope,
    readonly instructions: readonly Instruction[],
    readonly options: { readonly ignoreCache: boolean; readonly showPlatform: boolean; readonly countsBase: boolean; readonly triggers: ReadonlySet<Instruction> },
  ) {
    this.vertex = base.vertex;
    this.process = structuredClone(base.config.config ?? {});
    this.author = base.config.author;
    this.history = [...(base.config.history ?? [])];
  }

  get workdir(): string {
    return this.process.WorkingDir || "/";
  }

  /** `[build 2/5] RUN make` */
  nextName(shown: string): string {
    const total = stepCount(this.instructions) + (this.options.countsBase ? 1 : 0);
    if (total === 0) return shown;
    this.#step++;
    const parts = [...(this.options.showPlatform ? [platformText(this.platform)] : []), ...(this.name === "" ? [] : [this.name]), `${String(this.#step).padStart(String(total).length)}/${total}`];
    return `[${parts.join(" ")}] ${shown}`;
  }

  /** The image's config as it is now, without its layers. */
  config(): ImageConfig {
    const { os, architecture, variant } = this.platform;
    return {
      architecture,
      os,
      ...(variant !== undefined && { variant }),
      ...(this.author !== undefined && { author: this.author }),
      config: this.process,
      rootfs: { type: "layers", diff_ids: [] },
      history: this.history,
    };
  }
}

/** An empty file system with BuildKit's defaults. */
export function scratchBase({ os, architecture, variant }: Platform): StageBase {
  return { vertex: undefined, config: { architecture, os, ...(variant !== undefined && { variant }), config: { Env: [DEFAULT_PATH], WorkingDir: "/" }, rootfs: { type: "layers", diff_ids: [] } } };
}

/** An image without PATH is given one, as by BuildKit. */
export function withPath(image: ImageConfig): ImageConfig {
  const env = image.config?.Env ?? [];
  return env.some((line) => line.startsWith("PATH=")) ? image : { ...image, config: { ...image.config, Env: [...env, DEFAULT_PATH] } };
}

const COUNTED: ReadonlySet<Instruction["kind"]> = new Set(["add", "copy", "run", "workdir"]);

const stepCount = (instructions: readonly Instruction[]): number => instructions.filter(({ kind }) => COUNTED.has(kind)).length;
