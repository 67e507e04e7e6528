/** Counters in Prometheus' text form (exposition format 0.0.4). */

interface Family {
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly values: Map<string, number>;
}

const FAMILIES = {
  requests_total: ["Requests answered", "counter"],
  request_seconds_total: ["Time until requests were answered (bodies are sent after)", "counter"],
  received_bytes_total: ["Bytes of request bodies", "counter"],
  sent_bytes_total: ["Bytes of answers' bodies, as announced", "counter"],
  requests_under_way: ["Requests being answered now", "gauge"],
  refused_busy_total: ["Requests refused because of a limit", "counter"],
  uploads_total: ["Uploads by how they went", "counter"],
  proxy_requests_total: ["Look-ups of the pull-through cache by outcome", "counter"],
  proxy_fetched_bytes_total: ["Bytes fetched from the registry behind the cache", "counter"],
  cache_evicted_total: ["Manifests that the cache has let go of", "counter"],
  gc_runs_total: ["Runs of the garbage collection", "counter"],
  gc_removed_total: ["Objects removed as garbage", "counter"],
  gc_freed_bytes_total: ["Bytes freed by the garbage collection", "counter"],
  gc_last_seconds: ["How long the last garbage collection took", "gauge"],
  resident_memory_bytes: ["Memory of the server's process", "gauge"],
} as const satisfies Record<string, readonly [string, Family["type"]]>;

export type MetricName = keyof typeof FAMILIES;

export class Metrics {
  readonly #families = new Map<MetricName, Family>();

  add(name: MetricName, amount: number, labels: Readonly<Record<string, string>> = {}): void {
    const { values } = this.#family(name);
    const key = labelText(labels);
    values.set(key, (values.get(key) ?? 0) + amount);
  }

  set(name: MetricName, value: number): void {
    this.#family(name).values.set("", value);
  }

  text(): string {
    this.set("resident_memory_bytes", process.memoryUsage.rss());
    const lines: string[] = [];
    for (const [name, { help, type, values }] of this.#families) {
      lines.push(`# HELP hako_registry_${name} ${help}`, `# TYPE hako_registry_${name} ${type}`);
      for (const [labels, value] of values) lines.push(`hako_registry_${name}${labels} ${value}`);
    }
    return `${lines.join("\n")}\n`;
  }

  #family(name: MetricName): Family {
    let family = this.#families.get(name);
    if (!family) {
      const [help, type] = FAMILIES[name];
      this.#families.set(name, (family = { help, type, values: new Map() }));
    }
    return family;
  }
}

/** Values are words of ours (routes, methods, codes): nothing in them needs an escape. */
function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}
