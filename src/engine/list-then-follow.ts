import { nowNs } from "../base/mod.ts";
import type { EventsOptions, Filters, ListOptions } from "./options.ts";

const PROJECT = "com.docker.compose.project=";
const NOT_ONE_OFF = "com.docker.compose.oneoff=False";
/** Longer than a client on a busy machine needs from one request to the next. */
const LIFETIME_NS = 5_000_000_000n;
const MOST = 64;

/**
 * docker-compose lists a project's containers, follows its events, and starts the containers all at once: it waits for ever for the end
 * of one that ends before the events are followed. Docker Engine takes too long to start one for that to happen; here it does on a busy
 * machine. Who has listed a project and then follows it is therefore told what happened since the list.
 */
export class RecentLists {
  readonly #byProject = new Map<string, bigint>();

  note({ all, filters }: ListOptions): void {
    const project = all ? projectOf(filters) : undefined;
    if (project === undefined || !filters?.["label"]?.includes(NOT_ONE_OFF)) return;
    this.#byProject.delete(project);
    this.#byProject.set(project, nowNs());
    const [oldest] = this.#byProject.keys();
    if (this.#byProject.size > MOST && oldest !== undefined) this.#byProject.delete(oldest);
  }

  /** When the project whose events are asked for was listed; undefined for any other question. */
  before({ since, until, filters }: EventsOptions): bigint | undefined {
    if (since || until || Object.keys(filters ?? {}).some((key) => key !== "type" && key !== "label") || filters?.["type"]?.join() !== "container") return undefined;
    const listed = this.#byProject.get(projectOf(filters) ?? "");
    return listed !== undefined && nowNs() - listed < LIFETIME_NS ? listed : undefined;
  }
}

function projectOf(filters: Filters | undefined): string | undefined {
  return filters?.["label"]?.find((label) => label.startsWith(PROJECT));
}
