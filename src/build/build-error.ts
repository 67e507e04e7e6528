import { EngineError, type ErrorKind } from "../base/mod.ts";
import { DockerfileError, renderExcerpt, type Source, type SourceRange } from "../dockerfile/mod.ts";
import type { Vertex } from "./graph/vertex.ts";
import { StepFailed } from "./solver/step-failed.ts";

export interface SourcePlace {
  readonly source: Source;
  readonly range: SourceRange;
}

/** Why a build failed, and where in the Dockerfile. */
export class BuildError extends EngineError {
  constructor(
    kind: ErrorKind,
    message: string,
    details: {
      /** Lines of the Dockerfile with those at fault marked; one for each place, "" joined. */
      readonly excerpts: readonly string[];
      /** The same for whoever shows them by himself. */
      readonly places: readonly SourcePlace[];
      /** The step that failed. */
      readonly vertex: Vertex | undefined;
      /** Of a command that ran and ended badly. */
      readonly exitCode: number | undefined;
      readonly cause: unknown;
    },
  ) {
    super(kind, message, { cause: details.cause });
    this.excerpts = details.excerpts;
    this.places = details.places;
    this.vertex = details.vertex;
    this.exitCode = details.exitCode;
  }

  readonly excerpts: readonly string[];
  readonly places: readonly SourcePlace[];
  readonly vertex: Vertex | undefined;
  readonly exitCode: number | undefined;
}

/** What a COPY selects is looked up for its cache key. */
export function reasonOf(error: EngineError): string {
  if (error instanceof StepFailed && error.vertex.op.kind === "http" && error.message.startsWith("invalid response status ")) return `failed to load cache key: ${error.message}`;
  if (!(error instanceof StepFailed) || error.vertex.op.kind !== "file" || !/^"\/.*": not found$/s.test(error.message)) return error.message;
  const source = error.vertex.inputs.at(-1)?.digest ?? error.vertex.digest;
  return `failed to compute cache key: failed to calculate checksum of ref ${source.slice("sha256:".length, "sha256:".length + 25)}: ${error.message}`;
}

/** `failed to solve: …` with the lines of the Dockerfile that did it. What is no failure of the build itself stays what it is. */
export function buildError(error: unknown, placeOf: (vertex: Vertex) => SourcePlace | undefined): unknown {
  if (error instanceof BuildError || !(error instanceof EngineError)) return error;
  const message = `failed to solve: ${reasonOf(error)}`;
  if (error instanceof DockerfileError) {
    const { source } = error;
    return new BuildError(error.kind, message, { excerpts: source ? error.ranges.map((range) => renderExcerpt(source, [range], error.fault)) : [], places: source ? error.ranges.map((range) => ({ source, range })) : [], vertex: undefined, exitCode: undefined, cause: error });
  }
  if (!(error instanceof StepFailed)) return new BuildError(error.kind, message, { excerpts: [], places: [], vertex: undefined, exitCode: undefined, cause: error });
  const place = placeOf(error.vertex);
  return new BuildError(error.kind, message, { excerpts: place ? [renderExcerpt(place.source, [place.range])] : [], places: place ? [place] : [], vertex: error.vertex, exitCode: error.exitCode, cause: error });
}
