import { changeLabels, changePorts, updateContainer, type Client } from "../../client/mod.ts";
import type { HostConfig } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { splitPair } from "../options/key-value.ts";
import { parseRestartPolicy } from "../options/limits.ts";
import { parsePublish } from "../options/ports.ts";
import { record, set } from "../options/set.ts";
import { out } from "../output.ts";
import { forEachName } from "./simple.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const labels = labelChange(flags);
  const change = limitChange(flags);
  const ports = portChange(flags);
  if (!labels && !change && !ports) throw new Failure("you must provide one or more flags when using this command");
  const warnings: string[] = [];
  const code = await forEachName(args, (name) => updateOne(client, name, { change, labels, ports }, warnings));
  if (warnings.length > 0) out(`${warnings.join("\n")}\n`);
  return code;
}

interface Changes {
  readonly change: HostConfig | undefined;
  readonly labels: ReturnType<typeof labelChange>;
  readonly ports: ReturnType<typeof portChange>;
}

async function updateOne(client: Client, name: string, { change, labels, ports }: Changes, warnings: string[]): Promise<void> {
  if (change) warnings.push(...((await updateContainer(client, name, change)).Warnings ?? []));
  if (labels) await changeLabels(client, name, labels);
  if (ports) await changePorts(client, name, ports);
}

const LIMITS = [
  ["BlkioWeight", "blkio-weight"], ["CpuPeriod", "cpu-period"], ["CpuQuota", "cpu-quota"], ["CpuRealtimePeriod", "cpu-rt-period"], ["CpuRealtimeRuntime", "cpu-rt-runtime"], ["CpuShares", "cpu-shares"],
  ["NanoCpus", "cpus"], ["Memory", "memory"], ["MemoryReservation", "memory-reservation"], ["MemorySwap", "memory-swap"], ["PidsLimit", "pids-limit"],
] as const;

function limitChange(flags: Flags): HostConfig | undefined {
  const change: HostConfig = {};
  for (const [field, flag] of LIMITS) if (flags.changed(flag)) set(change, field, flags.number(flag));
  if (flags.changed("pids-limit")) change.PidsLimit = flags.number("pids-limit") ?? 0;
  set(change, "CpusetCpus", flags.string("cpuset-cpus"));
  set(change, "CpusetMems", flags.string("cpuset-mems"));
  const policy = parseRestartPolicy(flags.string("restart") ?? "");
  if (policy) change.RestartPolicy = policy;
  const asked = [...LIMITS.map(([, flag]) => flag), "cpuset-cpus", "cpuset-mems", "kernel-memory", "restart"].some((flag) => flags.changed(flag));
  return asked ? change : undefined;
}

function labelChange(flags: Flags): { Add?: Record<string, string>; Remove?: readonly string[] } | undefined {
  const add = record(flags.list("label-add").map(splitPair));
  const remove = flags.list("label-rm");
  return add || remove.length > 0 ? { ...(add && { Add: add }), ...(remove.length > 0 && { Remove: remove }) } : undefined;
}

function portChange(flags: Flags): { Add?: HostConfig["PortBindings"]; Remove?: HostConfig["PortBindings"] } | undefined {
  const bindings = (name: string): HostConfig["PortBindings"] => Object.fromEntries([...Map.groupBy(flags.list(name).flatMap(parsePublish), ({ port }) => port)].map(([port, list]) => [port, list.map(({ binding }) => binding)]));
  return flags.changed("publish-add") || flags.changed("publish-rm") ? { Add: bindings("publish-add"), Remove: bindings("publish-rm") } : undefined;
}
