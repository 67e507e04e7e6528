import { writeFileSync } from "node:fs";

/** One range of user_namespaces(7): so many ids from `containerID` on are those from `hostID` on. */
export interface IdRange {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

/** Who is who in a new user namespace; once, from outside. @throws when the kernel refuses the ranges */
export function mapUsers(pid: number, users: readonly IdRange[], groups: readonly IdRange[]): void {
  writeFileSync(`/proc/${pid}/uid_map`, lines(users));
  writeFileSync(`/proc/${pid}/gid_map`, lines(groups));
}

function lines(ranges: readonly IdRange[]): string {
  return ranges.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");
}
