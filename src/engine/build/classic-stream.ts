import { createHash } from "node:crypto";
import type { Digest } from "../../spec/mod.ts";
import type { BuildEvent, VertexState } from "../../spec/mod.ts";
import type { Step } from "../ports.ts";

export type ClassicMessage = Readonly<Record<string, unknown>>;

const say = (text: string): ClassicMessage => ({ stream: text });
const STDERR = ["\u001b[91m", "\u001b[0m"] as const;
/** Output of steps that run before their turn has come; more is left out. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Tells of a build as the classic builder did: step after step in the order of the file, though they may run side by side. */
export class ClassicStream {
  readonly #tell: (message: ClassicMessage) => void;
  readonly #states = new Map<Digest, VertexState>();
  readonly #waiting = new Map<Digest, ClassicMessage[]>();
  #waitingBytes = 0;
  #steps: readonly Step[] = [];
  #current = -1;
  #running = "";
  readonly #last: ClassicMessage[] = [];

  constructor(tell: (message: ClassicMessage) => void) {
    this.#tell = tell;
  }

  /** The client has been told something. */
  get hasBegun(): boolean {
    return this.#current >= 0;
  }

  /** Told behind the last step. */
  atEnd(message: ClassicMessage): void {
    this.#last.push(message);
  }

  planned(steps: readonly Step[]): void {
    this.#steps = steps;
    this.#goOn();
  }

  event(event: BuildEvent): void {
    if (event.type === "vertex") {
      this.#states.set(event.vertex.digest, event.vertex);
      this.#goOn();
    } else if (event.type === "log") this.#log(event.vertex, event.stream, Buffer.from(event.bytes).toString("utf8"));
  }

  /** Everything was done: steps that nothing was heard of were done before. */
  finish(): void {
    while (this.#current < this.#steps.length) {
      this.#endStep(undefined);
      this.#beginStep();
    }
    for (const message of this.#last) this.#tell(message);
  }

  #goOn(): void {
    if (this.#current < 0 && this.#steps.length > 0) this.#beginStep();
    while (this.#current >= 0 && this.#current < this.#steps.length) {
      const vertex = this.#steps[this.#current]?.vertex;
      const state = vertex && this.#states.get(vertex.digest);
      if (vertex && state?.completedNs === undefined) return state?.startedNs === undefined ? undefined : this.#showRunningSoon(vertex.digest);
      if (state && !state.cached) this.#showRunning();
      if (state?.error !== undefined) return;
      this.#endStep(state);
      this.#beginStep();
    }
  }

  #beginStep(): void {
    this.#current++;
    this.#running = "";
    const step = this.#steps[this.#current];
    if (!step) return;
    this.#tell(say(`Step ${this.#current + 1}/${this.#steps.length} : ${step.text}`));
    this.#tell(say("\n"));
    const waiting = step.vertex && this.#waiting.get(step.vertex.digest);
    if (!step.vertex || !waiting) return;
    this.#waiting.delete(step.vertex.digest);
    this.#showRunning();
    for (const message of waiting) this.#tell(message);
  }

  /** What comes from the cache has begun and is done in one turn of the loop. */
  #showRunningSoon(digest: Digest): void {
    setImmediate(() => {
      const state = this.#states.get(digest);
      if (this.#steps[this.#current]?.vertex?.digest === digest && !state?.cached) this.#showRunning();
    });
  }

  #showRunning(): void {
    const step = this.#steps[this.#current];
    if (this.#running !== "" || step?.vertex?.op.kind !== "run") return;
    this.#running = shortOf(`running ${step.vertex.digest}`);
    this.#tell(say(` ---> Running in ${this.#running}\n`));
  }

  #endStep(state: VertexState | undefined): void {
    const step = this.#steps[this.#current];
    if (!step) return;
    if (this.#running !== "") this.#tell(say(` ---> Removed intermediate container ${this.#running}\n`));
    if (state?.cached && step.vertex?.op.kind !== "image") this.#tell(say(" ---> Using cache\n"));
    const isEmpty = /^FROM\s+scratch\b/i.test(step.text);
    this.#tell(say(` ---> ${isEmpty ? "" : this.#shown(step)}\n`));
  }

  /** What the classic builder had an image for; of a base the image's own. */
  #shown({ vertex }: Step): string {
    const before = this.#steps.slice(0, this.#current + 1);
    const last = vertex ?? before.findLast((step) => step.vertex !== undefined)?.vertex;
    if (vertex?.op.kind === "image") return vertex.op.digest.slice("sha256:".length, "sha256:".length + 12);
    return shortOf(`${last?.digest ?? ""} ${before.filter((step) => step.vertex === undefined).map(({ text }) => text).join("\n")}`);
  }

  #log(vertex: Digest, stream: 1 | 2, text: string): void {
    const message = say(stream === 2 ? `${STDERR[0]}${text}${STDERR[1]}` : text);
    if (this.#steps[this.#current]?.vertex?.digest === vertex) {
      this.#showRunning();
      this.#tell(message);
    } else if (this.#waitingBytes < MAX_WAITING_BYTES && this.#steps.some((step) => step.vertex?.digest === vertex)) {
      this.#waitingBytes += text.length;
      this.#waiting.set(vertex, [...(this.#waiting.get(vertex) ?? []), message]);
    }
  }
}

const shortOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);
