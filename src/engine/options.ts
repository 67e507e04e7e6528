import type { ContainerCreateRequest, HostConfig } from "../spec/mod.ts";

/** Parameters of the use cases as the transport hands them over; `undefined` and absent mean the same. */

export type Filters = Record<string, string[]>;

export interface CreateOptions {
  name?: string | undefined;
  platform?: string | undefined;
  body: ContainerCreateRequest;
}
export interface StartOptions {
  detachKeys?: string | undefined;
}
export interface StopOptions {
  signal?: string | undefined;
  /** Negative: wait for ever. */
  timeoutSeconds?: number | undefined;
}
export interface RemoveOptions {
  force?: boolean | undefined;
  removeVolumes?: boolean | undefined;
  link?: boolean | undefined;
}
export type WaitCondition = "not-running" | "next-exit" | "removed";
export interface WaitOutcome {
  StatusCode: number;
  Error?: { Message: string };
}
export interface ListOptions {
  all?: boolean | undefined;
  limit?: number | undefined;
  size?: boolean | undefined;
  filters?: Filters | undefined;
}
export interface LogsOptions {
  follow?: boolean | undefined;
  stdout?: boolean | undefined;
  stderr?: boolean | undefined;
  /** Docker's words: seconds with optional fraction, RFC 3339, or a Go duration back from now. */
  since?: string | undefined;
  until?: string | undefined;
  timestamps?: boolean | undefined;
  /** With the attributes that the log options pick. */
  details?: boolean | undefined;
  /** A number, or "all". */
  tail?: string | undefined;
}
export interface AttachOptions {
  stream?: boolean | undefined;
  logs?: boolean | undefined;
  stdin?: boolean | undefined;
  stdout?: boolean | undefined;
  stderr?: boolean | undefined;
  detachKeys?: string | undefined;
  /** Raw: without frames, standard output and error in one stream. */
  form?: "frames" | "raw" | undefined;
}
export interface EventsOptions {
  since?: string | undefined;
  until?: string | undefined;
  filters?: Filters | undefined;
}
/** Limits, and the restart policy. */
export type UpdateRequest = Pick<
  HostConfig,
  | "CpuShares" | "Memory" | "CgroupParent" | "BlkioWeight" | "BlkioWeightDevice" | "BlkioDeviceReadBps" | "BlkioDeviceWriteBps" | "BlkioDeviceReadIOps" | "BlkioDeviceWriteIOps" | "CpuPeriod"
  | "CpuQuota" | "CpuRealtimePeriod" | "CpuRealtimeRuntime" | "CpusetCpus" | "CpusetMems" | "Devices" | "DeviceCgroupRules" | "DeviceRequests" | "KernelMemoryTCP" | "MemoryReservation" | "MemorySwap"
  | "MemorySwappiness" | "NanoCpus" | "OomKillDisable" | "PidsLimit" | "Ulimits" | "CpuCount" | "CpuPercent" | "IOMaximumIOps" | "IOMaximumBandwidth" | "RestartPolicy"
>;
/** Ports to publish, and those to take back; without a host's port, all of the container's port. */
export interface PortChange {
  Add?: HostConfig["PortBindings"];
  Remove?: HostConfig["PortBindings"];
}
/** Labels to set, and labels to take away. */
export interface LabelChange {
  Add?: Record<string, string>;
  Remove?: string[];
}
export interface StatsOptions {
  /** One answer per second instead of a single one. */
  stream?: boolean | undefined;
  /** A single look, which cannot tell the use of the processor. */
  oneShot?: boolean | undefined;
}
export interface TopResult {
  Titles: string[];
  Processes: string[][];
}
export interface PruneResult {
  ContainersDeleted: string[] | null;
  SpaceReclaimed: number;
}
