import { existsSync } from "node:fs";
import { EngineError } from "../../base/mod.ts";
import type { RunOp, StepMount, StepRequest, StepSettings } from "../../build/mod.ts";
import { StackedTree } from "../../snapshot/mod.ts";
import { parseDigest, type HostConfig, type RuntimeMount, type RuntimeSpec } from "../../spec/mod.ts";
import { injectDevices } from "../cdi/inject.ts";
import type { EngineContext } from "../context.ts";
import { completeHostConfig } from "../create/complete-host-config.ts";
import { initBinary } from "../paths.ts";
import type { ContainerRecord } from "../record.ts";
import { specFor } from "../spec-for/spec.ts";
import { resolveUser } from "../spec-for/user.ts";

/** More processes than any build needs, and few enough that the machine survives one that forks without end. */
const PIDS_LIMIT = 8192;
const HOSTNAME = "buildkitsandbox";
const DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What a step would be as a container: Docker's defaults, and what its instruction says. Nobody ever stores it. */
export function stepRecord(ctx: EngineContext, { id, op, terminal, settings }: StepRequest): ContainerRecord {
  const [path = "", ...args] = op.args;
  const hostConfig = completeHostConfig(
    {
      NetworkMode: op.network === "default" ? "bridge" : op.network, Privileged: op.security === "insecure", PidsLimit: PIDS_LIMIT, ShmSize: op.shmSize, IpcMode: "private", CgroupParent: op.cgroupParent,
      ...(settings && limitsOf(settings.limits)),
      ExtraHosts: [...op.extraHosts], Ulimits: op.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })), ...(terminal && { ConsoleSize: [terminal.rows, terminal.cols] }),
    },
    ctx.cgroups,
    ctx.defaults,
  );
  return {
    id, name: id, createdAt: "", sequence: 0, imageID: parseDigest(`sha256:${id}`), imageRef: "", path, args, hostConfig, mounts: [], networks: {}, state: { status: "created" }, restartCount: 0,
    config: { Hostname: op.hostname || HOSTNAME, Domainname: "", User: op.user, Env: [...op.env], WorkingDir: op.cwd || "/", Tty: terminal !== undefined, OpenStdin: terminal !== undefined } as ContainerRecord["config"],
  };
}

function limitsOf({ memory, memorySwap, cpuShares, cpuPeriod, cpuQuota, cpusetCpus, cpusetMems }: StepSettings["limits"]): Partial<HostConfig> {
  return { Memory: memory, MemorySwap: memorySwap, CpuShares: cpuShares, CpuPeriod: cpuPeriod, CpuQuota: cpuQuota, CpusetCpus: cpusetCpus, CpusetMems: cpusetMems };
}

/** @throws EngineError InvalidParameter, for a user or device that does not exist */
export function stepSpec(ctx: EngineContext, record: ContainerRecord, request: StepRequest, filesDir: string): RuntimeSpec {
  const { op } = request;
  const user = resolveUser(op.user, [], new StackedTree(request.folders));
  const spec = specFor(record, {
    host: ctx.host, user: () => user, joined: refuse, linkedEnv: [], cgroupsPath: record.id, filesDir, placeOf: refuse, imageRoot: refuse, shmNamespace: refuse, initBinary: initBinary(ctx.paths), hostHas: existsSync,
  });
  const usual = spec.mounts.filter(({ destination }) => !destination.startsWith("/etc/"));
  const own = request.mounts.flatMap(runtimeMounts);
  const taken = new Set(own.map(({ destination }) => destination));
  const files = ["resolv.conf", "hosts"].map((name): RuntimeMount => ({ destination: `/etc/${name}`, type: "bind", source: `${filesDir}/${name}`, options: ["bind", "ro", "rprivate"] }));
  const env = environment(op, request.settings?.proxyEnv ?? [], request.secretEnv, user.home);
  const complete: RuntimeSpec = { ...spec, process: { ...spec.process, env, terminal: request.terminal !== undefined }, mounts: [...usual.filter(({ destination }) => !taken.has(destination)), ...files.filter(({ destination }) => !taken.has(destination)), ...own] };
  return op.devices.reduce((result, device) => withDevice(ctx, result, device), complete);
}

function refuse(): never {
  throw new EngineError("System", "a step of a build joins no container");
}

/** As BuildKit: what the instruction says, a path to programs and a home. */
function environment({ env }: RunOp, proxyEnv: readonly string[], secretEnv: readonly string[], home: string): string[] {
  const all = new Map([DEFAULT_PATH, `HOME=${home}`, ...proxyEnv, ...env, ...secretEnv].map((entry) => [entry.split("=", 1)[0] ?? "", entry]));
  return [...all.values()];
}

function withDevice(ctx: EngineContext, spec: RuntimeSpec, { name, required }: RunOp["devices"][number]): RuntimeSpec {
  try {
    return injectDevices(spec, [{ Driver: "cdi", DeviceIDs: [name] }], ctx.defaults.cdiSpecDirs, ctx.host);
  } catch (error) {
    if (required) throw error;
    return spec;
  }
}

function runtimeMounts(mount: StepMount, index: number): RuntimeMount[] {
  switch (mount.type) {
    case "tmpfs":
      return [{ destination: mount.target, type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", ...(mount.size ? [`size=${mount.size}`] : [])] }];
    case "bind":
      return [bound(mount.source, mount.target, mount.beneath, mount.readOnly)];
    case "layers":
      return layerMounts(mount, index);
    default:
      return mount satisfies never;
  }
}

function bound(source: string, destination: string, beneath: string, readOnly: boolean): RuntimeMount {
  return { destination, type: "bind", source, options: ["rbind", ...(readOnly ? ["ro"] : []), "rprivate"], ...(beneath !== "" && { beneath }) };
}

/** A part of several layers, which may be a file, is bound from where the whole is mounted: in /dev, which is of the step alone. */
function layerMounts({ target, lowers, beneath, scratch }: StepMount & { readonly type: "layers" }, index: number): RuntimeMount[] {
  const [only] = lowers;
  if (lowers.length === 1 && only !== undefined && !scratch) return [bound(only, target, beneath, true)];
  const options = [...(scratch ? [] : ["ro"]), ...lowers.map((lower) => `lowerdir+=${lower}`), ...(scratch ? [`upperdir=${scratch.upper}`, `workdir=${scratch.work}`] : [])];
  const whole = (destination: string): RuntimeMount => ({ destination, type: "overlay", source: "hako", options });
  if (beneath === "") return [whole(target)];
  const place = `/dev/.layers-${index}`;
  return [whole(place), { destination: target, type: "bind", source: `${place}/${beneath}`, options: ["bind", ...(scratch ? [] : ["ro"]), "rprivate"], inRoot: true }];
}
