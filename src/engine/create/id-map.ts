import type { IdRange } from "../../spec/mod.ts";
import type { IdMap } from "../record.ts";

/** More the kernel takes of no user namespace. */
const MOST_RANGES = 340;
const IDS = 2 ** 32;

/** `uid:CONTAINER:HOST:COUNT`, `gid:…`, or both with neither. @param fail throws */
export function parseIdMap(texts: readonly string[], fail: (reason: string) => never): IdMap {
  const map = { users: [] as IdRange[], groups: [] as IdRange[] };
  for (const text of texts) {
    const [, kind, inside = "", onDisk = "", count = ""] = /^(?:(uid|gid):)?(\d{1,10}):(\d{1,10}):(\d{1,10})$/.exec(text) ?? fail(`invalid idmap ${JSON.stringify(text.slice(0, 64))}: it must be uid:CONTAINER:HOST:COUNT or gid:CONTAINER:HOST:COUNT`);
    const range: IdRange = { containerID: Number(inside), hostID: Number(onDisk), size: Number(count) };
    if (range.size === 0 || Math.max(range.containerID, range.hostID) + range.size > IDS) fail(`invalid idmap ${JSON.stringify(text.slice(0, 64))}: there are no such ids`);
    if (kind !== "gid") map.users.push(range);
    if (kind !== "uid") map.groups.push(range);
  }
  for (const ranges of [map.users, map.groups]) {
    if (ranges.length > MOST_RANGES) fail(`invalid idmap: more than ${MOST_RANGES} ranges`);
    for (const side of ["containerID", "hostID"] as const) if (overlap(ranges, side)) fail("invalid idmap: ranges overlap");
  }
  // Whoever maps users alone leaves groups as they are, and the other way round.
  return { users: orAll(map.users), groups: orAll(map.groups) };
}

const orAll = (ranges: readonly IdRange[]): readonly IdRange[] => (ranges.length > 0 ? ranges : [{ containerID: 0, hostID: 0, size: IDS - 1 }]);

function overlap(ranges: readonly IdRange[], side: "containerID" | "hostID"): boolean {
  const sorted = ranges.toSorted((a, b) => a[side] - b[side]);
  return sorted.some((range, index) => range[side] + range.size > (sorted[index + 1]?.[side] ?? Infinity));
}
