import type { CgroupStatsReader, CgroupSupport } from "../../linux/mod.ts";
import type { Resources } from "../../spec/mod.ts";

export type CgroupJoin = { kind: "v1"; tasksFiles: string[] } | { kind: "v2"; dir: string };

export interface Cgroup {
  readonly join: CgroupJoin;
  readonly oomFile: string | undefined;
  /** What is absent stays as it is. */
  update(resources: Resources): void;
  openStats(): CgroupStatsReader;
  freeze(): Promise<void>;
  thaw(): void | Promise<void>;
  pids(): number[];
  killAll(): void;
  remove(): Promise<void>;
}

export interface CgroupPort {
  readonly version: 1 | 2;
  readonly supports: CgroupSupport;
  create(id: string, resources: Resources, options?: { parent?: string }): Cgroup;
  open(id: string, options?: { parent?: string }): Cgroup;
  list(): string[];
}
