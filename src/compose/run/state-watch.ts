import { inspectContainer, readJsonLines, type Client } from "../../client/mod.ts";
import type { ContainerInspect, EventMessage } from "../../spec/mod.ts";
import { LABELS } from "../labels.ts";

/** Waits for states of a project's containers; the engine's events tell when to look again. One stream serves everyone. */
export class StateWatch implements AsyncDisposable {
  readonly #client: Client;
  readonly #project: string;
  readonly #stop = new AbortController();
  readonly #waiting = new Map<string, Set<() => void>>();
  #stream: Promise<void> | undefined;
  #failure: unknown;

  constructor(client: Client, project: string, signal: AbortSignal) {
    this.#client = client;
    this.#project = project;
    signal.addEventListener("abort", () => this.#end(signal.reason), { signal: this.#stop.signal });
    if (signal.aborted) this.#end(signal.reason);
  }

  /** Resolves with the first thing that `check` finds; looks at once, and again after each event of the container. */
  async until<T>(id: string, check: (container: ContainerInspect) => T | undefined): Promise<T> {
    await (this.#stream ??= this.#open());
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const changed = this.#nextEvent(id);
      const found = check(await inspectContainer(this.#client, id));
      if (found !== undefined) return found;
      await changed;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(new Error("nobody watches the project any more"));
    await this.#stream?.catch(() => undefined);
  }

  /** Resolves once the engine has begun to tell. */
  async #open(): Promise<void> {
    const filters = JSON.stringify({ type: ["container"], label: [`${LABELS.project}=${this.#project}`] });
    const { body } = await this.#client.request("GET", "/events", { query: { filters }, signal: this.#stop.signal });
    void this.#follow(body);
  }

  async #follow(body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const { Actor } of readJsonLines<EventMessage>(body)) this.#wake(Actor?.ID ?? "");
      throw new Error("the engine has ended while its events were watched");
    } catch (error) {
      this.#end(error);
    }
  }

  #end(failure: unknown): void {
    this.#failure ??= failure;
    this.#stop.abort();
    for (const id of [...this.#waiting.keys()]) this.#wake(id);
  }

  #nextEvent(id: string): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, waiting.add(resolve));
    });
  }

  #wake(id: string): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    for (const resolve of waiting ?? []) resolve();
  }
}
