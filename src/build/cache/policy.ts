import type { PruneRule } from "./prune-plan.ts";

const HOUR_MS = 3_600_000;
const share = (bytes: number, percent: number): number => Math.floor((bytes / 100) * percent);

/** A rule as `inspect` of a builder shows it. */
export interface PolicyRule extends PruneRule {
  /** In words of filters; empty: everything. */
  readonly filters: readonly string[];
}

/** BuildKit's own policy, by the size of the disk: folders and clones after two days, everything after sixty, then by space. */
export function defaultPolicy(diskBytes: number): readonly PolicyRule[] {
  const space = { reservedBytes: share(diskBytes, 10), maxUsedBytes: share(diskBytes, 75), minFreeBytes: share(diskBytes, 20) };
  const everything = { filters: [], matches: () => true };
  const fleeting = ["source.local", "exec.cachemount", "source.git.checkout"];
  return [
    { filters: [fleeting.map((type) => `type==${type}`).join(",")], matches: ({ kind }) => fleeting.includes(kind), all: false, keepMs: 48 * HOUR_MS, reservedBytes: 0, maxUsedBytes: share(space.reservedBytes, 13.8), minFreeBytes: 0 },
    { ...everything, all: false, keepMs: 60 * 24 * HOUR_MS, ...space },
    { ...everything, all: false, keepMs: 0, ...space },
    { ...everything, all: true, keepMs: 0, ...space },
  ];
}
