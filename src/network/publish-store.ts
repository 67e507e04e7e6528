import type { Database } from "bun:sqlite";
import type { Publication, PublishedPort, PublishTarget } from "./publish-types.ts";

interface Row {
  container_id: string;
  facts: string;
}

interface Facts {
  readonly target: PublishTarget;
  readonly ports: readonly PublishedPort[];
}

/** A row for each container that has published ports, for as long as they are. */
export class PublishStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  all(): Publication[] {
    return this.#db.query<Row, []>("SELECT container_id, facts FROM published_ports").all().map(publicationOf);
  }

  get(containerId: string): Publication | undefined {
    const row = this.#db.query<Row, [string]>("SELECT container_id, facts FROM published_ports WHERE container_id = ?").get(containerId);
    return row ? publicationOf(row) : undefined;
  }

  put({ containerId, target, ports }: Publication): void {
    this.#db.query("INSERT OR REPLACE INTO published_ports (container_id, facts) VALUES (?, ?)").run(containerId, JSON.stringify({ target, ports } satisfies Facts));
  }

  delete(containerId: string): void {
    this.#db.query("DELETE FROM published_ports WHERE container_id = ?").run(containerId);
  }
}

function publicationOf({ container_id, facts }: Row): Publication {
  return { containerId: container_id, ...(JSON.parse(facts) as Facts) };
}
