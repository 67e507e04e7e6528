import type { Database } from "bun:sqlite";
import type { Endpoint } from "./types.ts";

/** The same each time, so that who keeps what they made of it sees that nothing changed. */
const NONE: readonly Endpoint[] = [];

/** A damaged row is left in place, and counts for nothing. */
function parsed(facts: string): Endpoint | undefined {
  try {
    return JSON.parse(facts) as Endpoint;
  } catch {
    return undefined;
  }
}

/** Attachments of running containers: rows, and in front of them an index in memory that is written through. */
export class EndpointTable {
  readonly #db: Database;
  readonly #byContainer = new Map<string, readonly Endpoint[]>();
  readonly #byNetwork = new Map<string, Map<string, Endpoint>>();

  constructor(db: Database) {
    this.#db = db;
    for (const { facts } of db.query<{ facts: string }, []>("SELECT facts FROM endpoints").all()) {
      const endpoint = parsed(facts);
      if (endpoint) this.#index(endpoint);
    }
  }

  ofContainer(containerId: string): readonly Endpoint[] {
    return this.#byContainer.get(containerId) ?? NONE;
  }

  ofNetwork(networkId: string): readonly Endpoint[] {
    return [...(this.#byNetwork.get(networkId)?.values() ?? [])];
  }

  isUsed(networkId: string): boolean {
    return (this.#byNetwork.get(networkId)?.size ?? 0) > 0;
  }

  all(): Endpoint[] {
    return [...this.#byContainer.values()].flat();
  }

  containers(): string[] {
    return [...this.#byContainer.keys()];
  }

  insert(endpoint: Endpoint): void {
    this.#db.query("INSERT INTO endpoints (container_id, network_id, facts) VALUES (?, ?, ?)").run(endpoint.containerId, endpoint.networkId, JSON.stringify(endpoint));
    this.#index(endpoint);
  }

  delete({ containerId, networkId }: Endpoint): void {
    this.#db.query("DELETE FROM endpoints WHERE container_id = ? AND network_id = ?").run(containerId, networkId);
    const left = this.ofContainer(containerId).filter((endpoint) => endpoint.networkId !== networkId);
    if (left.length > 0) this.#byContainer.set(containerId, left);
    else this.#byContainer.delete(containerId);
    this.#byNetwork.get(networkId)?.delete(containerId);
  }

  forgetAll(): void {
    this.#db.run("DELETE FROM endpoints");
    this.#byContainer.clear();
    this.#byNetwork.clear();
  }

  #index(endpoint: Endpoint): void {
    const { containerId, networkId } = endpoint;
    this.#byContainer.set(containerId, [...this.ofContainer(containerId), endpoint].sort((a, b) => a.insideIndex - b.insideIndex));
    const others = this.#byNetwork.get(networkId);
    if (others) others.set(containerId, endpoint);
    else this.#byNetwork.set(networkId, new Map([[containerId, endpoint]]));
  }
}
