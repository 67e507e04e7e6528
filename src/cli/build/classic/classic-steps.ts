import { nowNs } from "../../../base/mod.ts";
import type { BuildEvent, Digest, VertexState } from "../../../spec/mod.ts";

/** One line of a classic build's answer. */
export interface ClassicLine {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number };
  readonly aux?: { readonly ID?: string };
  readonly error?: string;
}

const STEP = /^Step (\d+\/\d+) : (.*)\n?$/;
const CACHED = / ---> Using cache/;
const encoder = new TextEncoder();

/** Makes of what a classic builder prints the steps that displays of builds show: one for each instruction, its output in it. */
export class ClassicSteps {
  readonly #show: (event: BuildEvent) => void;
  #current: VertexState | undefined;
  #count = 0;

  constructor(show: (event: BuildEvent) => void) {
    this.#show = show;
  }

  take({ stream, status, id, progressDetail }: ClassicLine): void {
    const [, number, instruction] = STEP.exec(stream ?? "") ?? [];
    if (number !== undefined) return this.#begin(`[${number}] ${instruction}`);
    if (stream !== undefined && CACHED.test(stream) && this.#current) this.#current = { ...this.#current, cached: true };
    // How far something is makes no line.
    const text = stream ?? (status !== undefined && !progressDetail?.current ? `${id ? `${id}: ` : ""}${status}\n` : "");
    // The empty line before what a step prints.
    if (text === "" || text === "\n") return;
    const { digest } = this.#current ?? this.#begun("[internal] classic builder");
    this.#show({ type: "log", vertex: digest, stream: 1, bytes: encoder.encode(text), timeNs: nowNs() });
  }

  /** @returns the step that was going on */
  finish(error: string | undefined): Digest | undefined {
    const last = this.#current;
    if (last) this.#show({ type: "vertex", vertex: { ...last, completedNs: nowNs(), error } });
    this.#current = undefined;
    return last?.digest;
  }

  #begin(name: string): void {
    this.finish(undefined);
    this.#begun(name);
  }

  #begun(name: string): VertexState {
    const digest = `sha256:${new Bun.CryptoHasher("sha256").update(`${this.#count++} ${name} ${crypto.randomUUID()}`).digest("hex")}` as Digest;
    const vertex: VertexState = { digest, inputs: [], name, stage: "", cached: false, startedNs: nowNs(), completedNs: undefined, error: undefined };
    this.#show({ type: "vertex", vertex });
    this.#current = vertex;
    return vertex;
  }
}
