import type { Dockerfile, Source, SourceRange } from "../dockerfile/mod.ts";
import type { Target } from "./frontend/convert.ts";
import type { Vertex } from "./graph/vertex.ts";
import type { Digest } from "../spec/mod.ts";

/** Where in the Dockerfile a vertex comes from. */
export class StepPlaces {
  readonly #places = new Map<Digest, { readonly source: Source; readonly range: SourceRange }>();

  note({ source }: Dockerfile, targets: readonly Target[]): void {
    for (const { steps } of targets) for (const { vertex, range } of steps) if (vertex) this.#note(vertex, { source, range });
  }

  of({ digest }: Vertex): { readonly source: Source; readonly range: SourceRange } | undefined {
    return this.#places.get(digest);
  }

  /** Vertices that only prepare something fail in the name of the step that they are for. */
  #note(vertex: Vertex, place: { readonly source: Source; readonly range: SourceRange }): void {
    if (this.#places.has(vertex.digest)) return;
    this.#places.set(vertex.digest, place);
    for (const [index, input] of vertex.inputs.entries()) {
      const prepares = (input.stage === "" && input.op.kind !== "local") || (vertex.op.kind === "merge" && index === 1);
      if (prepares) this.#note(input, place);
    }
  }
}
