/** Sets a field of a request unless there is nothing to say: what was not asked for is left to the engine. */
export function set<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) return;
  target[key] = value;
}

/** A record, or undefined when it has no entries. */
export function record<V>(entries: Iterable<readonly [string, V]>): Record<string, V> | undefined {
  const made: Record<string, V> = Object.create(null) as Record<string, V>;
  let any = false;
  for (const [key, value] of entries) {
    made[key] = value;
    any = true;
  }
  return any ? made : undefined;
}
