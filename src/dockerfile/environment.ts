/** The variables a word is expanded with. */
export interface Environment {
  get(name: string): string | undefined;
  /** In the order they were set; suggestions are chosen among them. */
  names(): readonly string[];
}

/** Of `K=V` lines, the last of a name winning. */
export function environmentOf(lines: readonly string[]): Environment {
  const values = new Map<string, string>();
  for (const line of lines) {
    const equals = line.indexOf("=");
    values.set(equals < 0 ? line : line.slice(0, equals), equals < 0 ? "" : line.slice(equals + 1));
  }
  return { get: (name) => values.get(name), names: () => [...values.keys()] };
}
