import { EngineError, messageOf } from "../base/mod.ts";
import type { HostConfig, Resources } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { keepSupported } from "./create/limit-support.ts";
import { validateRestartPolicy } from "./create/restart-policy.ts";
import { validateResources } from "./create/validate-resources.ts";
import { emitContainerEvent } from "./emit.ts";
import type { UpdateRequest } from "./options.ts";
import type { ContainerRecord } from "./record.ts";
import { changeableLimitsOf } from "./spec-for/resources.ts";

/** Limits that can change while a container is there; zero and empty mean that they stay. The others of a request are ignored, as by Docker. */
const CHANGEABLE = [
  "BlkioWeight", "CpuShares", "NanoCpus", "CpuPeriod", "CpuQuota", "CpusetCpus", "CpusetMems", "Memory", "MemorySwap", "MemoryReservation", "CpuRealtimePeriod", "CpuRealtimeRuntime",
] as const satisfies readonly (keyof UpdateRequest)[];

/**
 * Changes limits and restart policy: of a running container at once, and for every later start.
 * @throws EngineError NotFound, InvalidParameter, Conflict, in Docker's words
 */
export async function updateContainer(ctx: EngineContext, ref: string, request: UpdateRequest): Promise<{ Warnings: string[] | null }> {
  validateResources(request, { cpuCount: ctx.host.cpuCount, supports: ctx.cgroups.supports }, "change");
  validateRestartPolicy({ ...(request.RestartPolicy?.Name && { RestartPolicy: request.RestartPolicy }) });
  const { kept: change, warnings } = keepSupported(request, ctx.cgroups.supports);
  const { id } = ctx.containers.resolve(ref);
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.resolve(id);
  const refuse = (reason: string, kind: "Conflict" | "InvalidParameter" = "Conflict"): never => {
    throw new EngineError(kind, `Cannot update container ${id}: ${reason}`);
  };
  if (record.state.status === "removing") refuse('container is marked for removal and cannot be "update"');
  requireCompatible(record.hostConfig, change, refuse);
  // The row first: after a crash in between, recovery gives the run what the row says.
  const updated = ctx.containers.setFacts(id, { hostConfig: changed(record.hostConfig, change) });
  try {
    applyToRun(ctx, updated, record.hostConfig, change);
  } catch (error) {
    ctx.containers.setFacts(id, { hostConfig: record.hostConfig });
    refuse(messageOf(error));
  }
  emitContainerEvent(ctx, updated, "update");
  await ctx.containers.synced();
  return { Warnings: warnings.length > 0 ? warnings : null };
}

/** What one limit says must agree with what others have said before. */
function requireCompatible(now: HostConfig, change: UpdateRequest, refuse: (reason: string, kind?: "InvalidParameter") => never): void {
  const positive = (value: number | undefined): boolean => (value ?? 0) > 0;
  if (positive(change.NanoCpus) && positive(now.CpuPeriod)) refuse("Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
  if (positive(change.NanoCpus) && positive(now.CpuQuota)) refuse("Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
  if (positive(change.CpuPeriod) && positive(now.NanoCpus)) refuse("Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
  if (positive(change.CpuQuota) && positive(now.NanoCpus)) refuse("Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
  if (change.Memory && !change.MemorySwap && change.Memory > (now.MemorySwap ?? 0))
    refuse("Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time");
  const memory = change.Memory || now.Memory || 0;
  if (memory === 0 && positive(change.MemorySwap)) refuse("You should always set the Memory limit when using Memoryswap limit, see usage", "InvalidParameter");
  if (positive(change.MemorySwap) && (change.MemorySwap ?? 0) < memory) refuse("Minimum memoryswap limit should be larger than memory limit, see usage", "InvalidParameter");
  const policy = change.RestartPolicy?.Name;
  if (policy && policy !== "no" && now.AutoRemove) refuse("Restart policy cannot be updated because AutoRemove is enabled for the container");
}

function changed(now: HostConfig, change: UpdateRequest): HostConfig {
  const given = Object.fromEntries(CHANGEABLE.flatMap((name) => (change[name] ? [[name, change[name]]] : [])));
  const { PidsLimit: pids, RestartPolicy: policy } = change;
  return {
    ...now,
    ...given,
    // Docker keeps "no limit" as zero here, and as null at create.
    ...(pids !== undefined && pids !== null && { PidsLimit: Math.max(pids, 0) }),
    ...(policy?.Name && { RestartPolicy: { Name: policy.Name, MaximumRetryCount: policy.MaximumRetryCount ?? 0 } }),
  };
}

/** A limit that the kernel refuses leaves the run as it was: what was written before it is taken back. @throws the kernel's refusal */
function applyToRun(ctx: EngineContext, { id, state, hostConfig }: ContainerRecord, before: HostConfig, change: UpdateRequest): void {
  const cgroup = ctx.live.get(id)?.cgroup;
  if (!cgroup || state.status !== "running") return;
  try {
    cgroup.update(touched(change, hostConfig));
  } catch (error) {
    try {
      cgroup.update(touched(change, unlimitedWhereSilent(before)));
    } catch {
      // Of two refusals the first one says what was asked for.
    }
    throw error;
  }
}

/** Of the container's limits those parts that the change touches: what belongs together is written together. */
function touched(change: UpdateRequest, hostConfig: HostConfig): Resources {
  const { memory, cpu, pids, blockIO } = changeableLimitsOf(hostConfig);
  const asksFor = (...names: (keyof UpdateRequest)[]): boolean => names.some((name) => Boolean(change[name]));
  return {
    devices: [],
    ...(memory && asksFor("Memory", "MemorySwap", "MemoryReservation") && { memory }),
    ...(cpu && asksFor("CpuShares", "NanoCpus", "CpuPeriod", "CpuQuota", "CpusetCpus", "CpusetMems", "CpuRealtimePeriod", "CpuRealtimeRuntime") && { cpu }),
    ...(pids && change.PidsLimit !== undefined && { pids }),
    ...(blockIO && asksFor("BlkioWeight") && { blockIO }),
  };
}

const DEFAULT_SHARES = 1024;

function unlimitedWhereSilent(host: HostConfig): HostConfig {
  return { ...host, Memory: host.Memory || -1, MemorySwap: host.MemorySwap || -1, CpuShares: host.CpuShares || DEFAULT_SHARES, PidsLimit: host.PidsLimit ?? 0, ...(!host.NanoCpus && { CpuQuota: host.CpuQuota || -1 }) };
}
