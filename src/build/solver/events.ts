import { nowNs } from "../../base/mod.ts";
import type { BuildEvent, VertexState } from "../../spec/mod.ts";
import type { Vertex } from "../graph/vertex.ts";

/** Tells one build what becomes of one of its vertices. */
export class VertexTeller {
  #startedNs: bigint | undefined;
  #done = false;

  constructor(
    readonly vertex: Vertex,
    readonly tell: (event: BuildEvent) => void,
  ) {}

  started(): void {
    if (this.#startedNs !== undefined) return;
    this.#startedNs = nowNs();
    this.#state({});
  }

  completed(cached: boolean): void {
    this.#finish({ cached });
  }

  failed(error: string): void {
    this.#finish({ error });
  }

  log(stream: 1 | 2, bytes: Uint8Array, timeNs: bigint): void {
    this.tell({ type: "log", vertex: this.vertex.digest, stream, bytes, timeNs });
  }

  status(id: string, current: number, total: number | undefined, startedNs: bigint, completedNs: bigint | undefined): void {
    this.tell({ type: "status", vertex: this.vertex.digest, id, current, total, startedNs, completedNs });
  }

  #finish(state: Partial<VertexState>): void {
    if (this.#done) return;
    this.#done = true;
    this.#startedNs ??= nowNs();
    this.#state({ ...state, completedNs: nowNs() });
  }

  #state(state: Partial<VertexState>): void {
    const { digest, inputs, name, stage } = this.vertex;
    this.tell({ type: "vertex", vertex: { digest, inputs: inputs.map((input) => input.digest), name, stage, cached: false, startedNs: this.#startedNs, completedNs: undefined, error: undefined, ...state } });
  }
}
