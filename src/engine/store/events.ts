import type { Database, Statement } from "bun:sqlite";
import { messageOf, nowNs, type Schema } from "../../base/mod.ts";
import type { EventMessage } from "../../spec/mod.ts";
import { RecentLists } from "../list-then-follow.ts";

export const eventSchema: Schema = {
  module: "engine.events",
  steps: [
    `CREATE TABLE events (sequence INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL, message TEXT NOT NULL) STRICT;
     CREATE INDEX events_by_time ON events (time_us)`,
  ],
};

/** How many events are kept; older ones are dropped, some hundreds at a time. */
const KEPT_EVENTS = 20_000;
const DROP_EVERY = 500;
/** What a crash may take of the events; long enough for those of one act to share a commit. */
const FLUSH_MS = 10;

export type EventType = "container" | "image" | "network" | "volume" | "daemon" | "builder";

export interface NewEvent {
  type: EventType;
  action: string;
  id: string;
  attributes: Record<string, string>;
}

type Listener = (message: EventMessage) => void;

/**
 * What happened, kept over restarts. Rows are written together shortly after (`flush`, or the next state change),
 * because a commit costs as much as everything else of an event.
 */
export class EventLog {
  readonly lists = new RecentLists();
  readonly #listeners = new Set<Listener>();
  readonly #insert: Statement;
  readonly #flushAll: (rows: EventMessage[]) => void;
  #pending: EventMessage[] = [];
  #flushTimer: ReturnType<typeof setTimeout> | undefined;
  #sinceDrop = 0;

  /** `flushed` is told after each commit of events. */
  constructor(
    private readonly db: Database,
    private readonly flushed: () => void = () => undefined,
  ) {
    this.#insert = db.prepare("INSERT INTO events (time_us, message) VALUES (?, ?)");
    this.#flushAll = db.transaction((rows: EventMessage[]) => {
      for (const row of rows) this.#insert.run(Math.floor((row.timeNano ?? 0) / 1000), JSON.stringify(row));
      this.#sinceDrop += rows.length;
      if (this.#sinceDrop >= DROP_EVERY) this.#drop();
    });
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** `passing`: for those who listen now, not for the history. */
  emit(event: NewEvent, keep: "kept" | "passing" = "kept"): void {
    if (keep === "passing" && this.#listeners.size === 0) return;
    const ns = nowNs();
    const message: EventMessage = {
      Type: event.type,
      Action: event.action,
      Actor: { ID: event.id, Attributes: event.attributes },
      scope: "local",
      time: Number(ns / 1_000_000_000n),
      timeNano: Number(ns),
    };
    if (keep === "kept") {
      this.#pending.push(message);
      this.#flushTimer ??= setTimeout(() => this.flush(), FLUSH_MS);
    }
    for (const listener of this.#listeners) listener(message);
  }

  /** Puts what is pending on disk. A store that takes no rows (full disk) loses events, not the engine. */
  flush(): string | undefined {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    if (this.#pending.length === 0) return undefined;
    const rows = this.#pending;
    this.#pending = [];
    try {
      this.#flushAll(rows);
      this.flushed();
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  listen(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Stored events of a span of time, oldest first, at most `limit`. */
  between(sinceUs: number, untilUs: number, limit = KEPT_EVENTS): EventMessage[] {
    this.flush();
    return this.db
      .query<{ message: string }, [number, number, number]>("SELECT message FROM events WHERE time_us >= ? AND time_us <= ? ORDER BY sequence LIMIT ?")
      .all(sinceUs, untilUs, limit)
      .flatMap(({ message }) => parseMessage(message));
  }

  #drop(): void {
    this.#sinceDrop = 0;
    this.db.run("DELETE FROM events WHERE sequence <= (SELECT max(sequence) FROM events) - ?", [KEPT_EVENTS]);
  }
}

function parseMessage(text: string): EventMessage[] {
  try {
    return [JSON.parse(text) as EventMessage];
  } catch {
    return [];
  }
}
