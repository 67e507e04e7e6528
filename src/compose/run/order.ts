/** Names with what each must come after. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/** Against the arrows: who depends comes first. */
export function reversed(dependencies: Dependencies): Dependencies {
  const back = new Map<string, string[]>([...dependencies.keys()].map((name) => [name, []]));
  for (const [name, others] of dependencies) for (const other of others) back.get(other)?.push(name);
  return back;
}

/**
 * Does the work of every name once that of all it comes after is done, as much at a time as the order allows. After a failure nothing
 * more is begun; what has begun is waited for. @throws the first failure
 */
export async function inOrder(dependencies: Dependencies, work: (name: string) => Promise<void>, atOnce = Infinity): Promise<void> {
  const waiting = new Map([...dependencies].map(([name, others]) => [name, new Set(others.filter((other) => dependencies.has(other)))]));
  const running = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  const begin = (name: string): void => {
    waiting.delete(name);
    const done = work(name)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => {
        running.delete(name);
        for (const others of waiting.values()) others.delete(name);
      });
    running.set(name, done);
  };
  while (waiting.size > 0 || running.size > 0) {
    if (failures.length === 0) for (const [name, others] of [...waiting]) if (others.size === 0 && running.size < atOnce) begin(name);
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (failures.length > 0) throw failures[0];
  if (waiting.size > 0) throw new Error(`the services ${[...waiting.keys()].join(", ")} wait for each other`);
}

/** At most so many at a time. After a failure nothing more is begun. @throws the first failure */
export async function together<T>(items: readonly T[], work: (item: T) => Promise<void>, atOnce = Infinity): Promise<void> {
  const names = new Map(items.map((item, index) => [String(index), item]));
  await inOrder(new Map([...names.keys()].map((name) => [name, []])), (name) => work(names.get(name) as T), atOnce);
}
