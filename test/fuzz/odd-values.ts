/** Values that a client of good will never sends, from a seed: the same seed yields the same values. */

/** mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c (public domain): enough for tests. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, chance: (share) => next() < share, pick: <T>(items: readonly T[]): T => items[below(items.length)] as T };
}

export interface Random {
  below(limit: number): number;
  chance(share: number): boolean;
  pick<T>(items: readonly T[]): T;
}

const INTEGERS = [0, -1, 1, 255, 256, 65535, 65536, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, 2 ** 63, -(2 ** 63), 1e308, 0.5];
const TEXTS = [
  "", " ", "\0", "a\0b", "/", "//", ".", "..", "../../etc", "/../..", "-", "--", ":", "::", "a:b:c:d", "=", "a=b=c", "é", "日本語", "\u202e", "\ud800", "\n", "\r\n", "\x1b[31m", "%00", "%s%n", "${HOME}", "$(id)", "`id`",
  "null", "true", "[]", "{}", "container:", "container:x", "host", "none", "default", "on-failure:x", "sha256:", `sha256:${"f".repeat(64)}`, "a".repeat(64), "f".repeat(64), "x".repeat(300), "y".repeat(5000), "9".repeat(40), "-9223372036854775809", "1e9", "0x10", "NaN", "Infinity", "__proto__", "constructor", "1970-01-01T00:00:00Z", "99999999999999999999h",
];

export function oddText(random: Random): string {
  return random.chance(0.8) ? random.pick(TEXTS) : random.pick(TEXTS) + random.pick(TEXTS);
}

export function oddValue(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 2 ? 4 : 8);
  if (kind === 0) return random.pick([null, true, false]);
  if (kind === 1) return random.pick(INTEGERS);
  if (kind <= 3) return oddText(random);
  if (kind === 4) return Array.from({ length: random.below(4) }, () => oddValue(random, depth + 1));
  if (kind === 5) return nested(random.pick([3, 30, 300]));
  if (kind === 6) return Array.from({ length: 200 }, () => random.pick(TEXTS));
  return withKey({}, oddText(random), oddValue(random, depth + 1));
}

function nested(depth: number): unknown {
  return depth === 0 ? "deep" : depth % 2 === 0 ? [nested(depth - 1)] : { a: nested(depth - 1) };
}

/** Also `__proto__` becomes a key of its own. */
function withKey(target: object, key: string, value: unknown): object {
  return Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** A copy of a valid value with one to three things in it changed, as text; now and then not even JSON. */
export function mutatedJson(random: Random, valid: unknown): string {
  const copy = structuredClone(valid);
  const changes = 1 + random.below(3);
  for (let count = 0; count < changes; count++) changeSomewhere(random, copy);
  const text = JSON.stringify(copy);
  if (random.chance(0.04)) return text.slice(0, random.below(text.length));
  if (random.chance(0.04)) return text.slice(0, random.below(text.length)) + oddText(random) + text.slice(random.below(text.length));
  return text;
}

function changeSomewhere(random: Random, value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const keys = Object.keys(value);
  const record = value as Record<string, unknown>;
  if (keys.length === 0 || random.chance(0.1)) {
    withKey(record, Array.isArray(value) ? String(keys.length) : oddText(random), oddValue(random));
    return;
  }
  const key = random.pick(keys);
  const inner = record[key];
  if (typeof inner === "object" && inner !== null && random.chance(0.75)) return changeSomewhere(random, inner);
  if (random.chance(0.1)) delete record[key];
  else withKey(record, key, oddValue(random));
}
