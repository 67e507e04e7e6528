import { events, listContainers, streamStats, type Client } from "../../client/mod.ts";
import { statsRow, unknownRow, type StatsRow } from "./figures.ts";

interface Follower {
  row: StatsRow;
  readonly stop: AbortController;
  /** The first answer, or that there is none. */
  readonly first: Promise<unknown>;
}

/** The rows of `stats` while they change: containers that are named, or all that come and go. */
export class StatsWatch {
  readonly #client: Client;
  readonly #followers = new Map<string, Follower>();
  #changed = true;
  /** Why the engine tells no more. */
  failure: unknown;

  constructor(client: Client) {
    this.#client = client;
  }

  get rows(): StatsRow[] {
    return [...this.#followers.values()].map(({ row }) => row);
  }

  get isEmpty(): boolean {
    return this.#followers.size === 0;
  }

  /** Whether there is anything new since this was asked last. */
  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  /** Resolves once each has told something. @throws ApiError for one that is not there */
  async followNamed(names: readonly string[]): Promise<void> {
    const firsts = names.map((name) => this.#follow(name, unknownRow(name)).first);
    for (const result of await Promise.allSettled(firsts)) if (result.status === "rejected") throw result.reason;
  }

  /** Whoever runs, or everyone, now and later. Resolves once those of now have told something. */
  async followAll(stoppedToo: boolean): Promise<void> {
    // Listening first: nobody comes or goes unseen between the list and the events.
    void this.#followEvents(stoppedToo).catch((error: unknown) => (this.failure ??= error));
    const present = await listContainers(this.#client, { all: stoppedToo });
    await Promise.allSettled(present.map(({ Id = "", Names = [] }) => this.#follow(Id, unknownRow(Id.slice(0, 12), Id, Names[0]?.replace(/^\//, "") ?? "")).first));
  }

  async #followEvents(stoppedToo: boolean): Promise<void> {
    const [comes, goes] = stoppedToo ? ["create", "destroy"] : ["start", "die"];
    for await (const { event } of events(this.#client, { filters: { type: ["container"], event: [comes ?? "", goes ?? ""] } })) {
      const id = event.Actor?.ID ?? "";
      if (event.Action === goes) this.#forget(id);
      else this.#follow(id, unknownRow(id.slice(0, 12), id, event.Actor?.Attributes?.["name"] ?? "")).first.catch(() => undefined);
    }
    throw new Error("the engine has ended its stream of events");
  }

  #follow(ref: string, row: StatsRow): Follower {
    const known = this.#followers.get(ref);
    if (known) return known;
    const { promise: first, resolve, reject } = Promise.withResolvers<unknown>();
    const follower: Follower = { row, stop: new AbortController(), first };
    this.#followers.set(ref, follower);
    this.#changed = true;
    this.#read(ref, follower, resolve).catch(reject).finally(() => {
      resolve(undefined);
      if (this.#followers.get(ref) === follower) this.#forget(ref);
    });
    return follower;
  }

  async #read(ref: string, follower: Follower, told: (value: unknown) => void): Promise<void> {
    let looks = 0;
    for await (const stats of streamStats(this.#client, ref, follower.stop.signal)) {
      // The first look has none to compare with.
      if (++looks > 1 || stats.cpu_stats?.system_cpu_usage === undefined) told(undefined);
      follower.row = statsRow(follower.row.container, { ...stats, id: stats.id ?? follower.row.id, name: stats.name ?? follower.row.name });
      this.#changed = true;
    }
  }

  #forget(ref: string): void {
    const follower = this.#followers.get(ref);
    if (!follower) return;
    this.#followers.delete(ref);
    this.#changed = true;
    follower.stop.abort();
  }
}
