import { EngineError } from "../../base/mod.ts";
import type { LayerRef } from "../solver/types.ts";
import type { CacheRecords } from "./records.ts";

/** The keys of the steps that came to the first so many layers of an image. They mean the same on every machine. */
export interface KnownSteps {
  readonly layers: number;
  readonly keys: readonly string[];
}

const KEY = /^sha256:[0-9a-f]{64}$/;
const MAX_STEPS = 1000;
const MAX_KEYS = 16;

/** What is known of an image's layers, to go along with it. */
export function knownSteps(records: CacheRecords, layers: readonly LayerRef[]): KnownSteps[] {
  return layers.map(({ n }, index) => ({ layers: index + 1, keys: records.keysOfTop(n).slice(0, MAX_KEYS) })).filter(({ keys }) => keys.length > 0);
}

/** @throws EngineError InvalidParameter for what is no list of steps */
export function parseKnownSteps(value: unknown): KnownSteps[] {
  if (!Array.isArray(value) || value.length > MAX_STEPS || !value.every(isStep)) throw new EngineError("InvalidParameter", "the cache that came with the image is damaged");
  return value;
}

function isStep(value: unknown): value is KnownSteps {
  const { layers, keys } = Object(value) as Partial<Record<keyof KnownSteps, unknown>>;
  return typeof layers === "number" && Number.isInteger(layers) && layers > 0 && Array.isArray(keys) && keys.length <= MAX_KEYS && keys.every((key) => typeof key === "string" && KEY.test(key));
}

/** Makes steps known whose layers came with an image; what is known here stays. @returns how many were new */
export function adoptSteps(records: CacheRecords, layers: readonly LayerRef[], steps: readonly KnownSteps[], description: string): number {
  let adopted = 0;
  for (const { layers: count, keys } of steps) {
    const top = layers[count - 1];
    const unknown = keys.filter((key) => records.byKey(key) === undefined);
    if (!top || unknown.length === 0) continue;
    const parent = [...layers.slice(0, count - 1)].reverse().map(({ n }) => records.byTop(n)).find((record) => record !== undefined);
    records.add({ kind: "regular", top: top.n, description, size: top.size, keys: unknown, parents: parent ? [parent.id] : [] });
    adopted++;
  }
  return adopted;
}
