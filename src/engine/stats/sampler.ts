import { formatInstant, nowNs } from "../../base/mod.ts";
import type { CgroupPort, HostPort, InterfaceCounters, NetworkPort } from "../ports.ts";
import type { ContainerRecord } from "../record.ts";
import { cgroupPlace } from "../spec-for/resources.ts";
import { refOf } from "../spec-for/namespaces.ts";
import { isRunning } from "../state.ts";
import type { ContainerStore } from "../store/containers.ts";
import { answerText, encodeSample, type Moment, type SampleText } from "./encode.ts";

const INTERVAL_MS = 1000;
/** A container that was looked at so short a time ago waits for the next round: shares of the processor over less are noise. */
const LEAST_APART_MS = 400;
/** How long one turn of the event loop may take; what is left of a round comes in the next turn. */
const TURN_MS = 3;

export interface SamplerParts {
  readonly containers: ContainerStore;
  readonly cgroups: CgroupPort;
  readonly network: NetworkPort;
  readonly host: HostPort;
}

/** One run of a container, its counters open. */
interface OpenRun {
  readonly startedAt: string;
  readonly reader: ReturnType<ReturnType<CgroupPort["open"]>["openStats"]>;
  /** Whose network it has. */
  readonly networkOwner: string | undefined;
}

interface Watched {
  readonly id: string;
  readonly listeners: Set<StatsListener>;
  readonly store: Disposable;
  run: OpenRun | undefined;
  last: { readonly sample: SampleText; readonly atMs: number } | undefined;
}

/** Hears of every sample. */
export interface StatsListener {
  /** `withBefore` compares with the sample before; both are made once for all listeners, when the first asks. */
  take(frame: { withBefore(): Uint8Array; alone(): Uint8Array }): void;
  /** The container is gone. */
  end(): void;
}

/**
 * Looks at every container that somebody watches once a second, however many watch it; interfaces are read once per round, for all.
 * Without listeners there is no timer and nothing is open.
 */
export class StatsSampler {
  readonly #parts: SamplerParts;
  readonly #watched = new Map<string, Watched>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nextMs = 0;

  constructor(parts: SamplerParts) {
    this.#parts = parts;
  }

  /** The first frame comes at once. */
  listen(id: string, listener: StatsListener): Disposable {
    const watched = this.#watched.get(id) ?? this.#watch(id);
    watched.listeners.add(listener);
    this.#greet(watched, listener);
    if (this.#timer === undefined) this.#schedule(performance.now() + INTERVAL_MS);
    return {
      [Symbol.dispose]: () => {
        watched.listeners.delete(listener);
        if (watched.listeners.size === 0) this.#forget(watched);
      },
    };
  }

  /** One answer of this moment, with nothing to compare with. */
  once(record: ContainerRecord): string {
    using run = this.#openRun(record);
    return answerText(record, run && this.#sample(run, this.#moment()));
  }

  #watch(id: string): Watched {
    const store = this.#parts.containers.watch(id, (record) => {
      if (!record) for (const listener of [...watched.listeners]) listener.end();
      if (record?.state.status !== "running") closeRun(watched);
    });
    const watched: Watched = { id, listeners: new Set(), store, run: undefined, last: undefined };
    this.#watched.set(id, watched);
    return watched;
  }

  #forget(watched: Watched): void {
    if (this.#watched.get(watched.id) !== watched) return;
    this.#watched.delete(watched.id);
    watched.store[Symbol.dispose]();
    closeRun(watched);
    if (this.#watched.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #greet(watched: Watched, listener: StatsListener): void {
    const record = this.#parts.containers.get(watched.id);
    if (!record) return listener.end();
    if (watched.last === undefined) this.#look(watched, record, this.#moment());
    const sample = watched.last?.sample;
    const alone = (): Uint8Array => Buffer.from(answerText(record, sample));
    listener.take({ alone, withBefore: alone });
  }

  #schedule(atMs: number): void {
    this.#nextMs = atMs;
    this.#timer = setTimeout(() => this.#round([...this.#watched.values()]), Math.max(0, atMs - performance.now()));
  }

  /** A round in turns, so that the event loop is never held for long. */
  #round(left: Watched[], interfaces = this.#interfaces()): void {
    const turnEndsMs = performance.now() + TURN_MS;
    const moment = this.#moment(interfaces);
    while (left.length > 0 && performance.now() < turnEndsMs) this.#publish(left.pop(), moment);
    if (this.#watched.size === 0) return;
    if (left.length > 0) this.#timer = setTimeout(() => this.#round(left, interfaces), 0);
    else this.#schedule(Math.max(this.#nextMs + INTERVAL_MS, performance.now()));
  }

  #publish(watched: Watched | undefined, moment: RoundMoment): void {
    if (!watched || watched.listeners.size === 0) return;
    const record = this.#parts.containers.get(watched.id);
    if (!record) return;
    const before = watched.last;
    if (before && performance.now() - before.atMs < LEAST_APART_MS) return;
    this.#look(watched, record, moment);
    const after = watched.last?.sample;
    const frame = { alone: lazily(() => Buffer.from(answerText(record, after))), withBefore: lazily(() => Buffer.from(answerText(record, after, after && before?.sample))) };
    for (const listener of [...watched.listeners]) listener.take(frame);
  }

  #look(watched: Watched, record: ContainerRecord, moment: RoundMoment): void {
    const { state } = record;
    if (!isRunning(state)) return closeRun(watched);
    if (watched.run?.startedAt !== state.startedAt) {
      closeRun(watched);
      watched.run = this.#openRun(record);
    }
    if (watched.run) watched.last = { sample: this.#sample(watched.run, moment), atMs: performance.now() };
  }

  #openRun(record: ContainerRecord): (OpenRun & Disposable) | undefined {
    const { id, state, hostConfig } = record;
    if (!isRunning(state)) return undefined;
    const mode = hostConfig.NetworkMode ?? "";
    const owner = mode.startsWith("container:") ? this.#parts.containers.find(refOf(mode))?.id : id;
    const reader = this.#parts.cgroups.open(id, cgroupPlace(record)).openStats();
    return { startedAt: state.startedAt, reader, networkOwner: owner, [Symbol.dispose]: () => reader[Symbol.dispose]() };
  }

  #sample({ reader, networkOwner }: OpenRun, moment: RoundMoment): SampleText {
    // Asked each time: a container may be connected to a network while it runs. Without an end on the host (macvlan) nobody counts.
    const linked = networkOwner === undefined ? [] : this.#parts.network.endpoints(networkOwner).filter(({ hostIndex }) => hostIndex !== 0);
    const networks = linked.flatMap(({ interfaceName, hostIndex }) => {
      const counters = moment.interfaces().get(hostIndex);
      return counters ? [{ interfaceName, counters }] : [];
    });
    return encodeSample(this.#parts.cgroups.version, reader.read(), networks, moment.system, this.#parts.host.memoryTotal);
  }

  #moment(interfaces = this.#interfaces()): RoundMoment {
    const { usageNs, onlineCpus } = this.#parts.host.systemCpu();
    return { system: { read: formatInstant(nowNs()), systemNs: usageNs, onlineCpus }, interfaces };
  }

  #interfaces(): RoundMoment["interfaces"] {
    return lazily(() => this.#parts.network.interfaceCounters());
  }
}

/** What is read of the whole machine. */
interface RoundMoment {
  readonly system: Moment;
  readonly interfaces: () => ReadonlyMap<number, InterfaceCounters>;
}

function closeRun(watched: Watched): void {
  watched.run?.reader[Symbol.dispose]();
  watched.run = undefined;
  watched.last = undefined;
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
