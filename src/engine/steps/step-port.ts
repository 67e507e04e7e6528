import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { EngineError, firstFailure, messageOf, nowNs } from "../../base/mod.ts";
import type { RunningStep, StepExit, StepPort, StepRequest } from "../../build/mod.ts";
import type { RuntimeSpec } from "../../spec/mod.ts";
import type { EngineContext } from "../context.ts";
import { containerDir, exitFile, logPaths, rootMountPoint, runDir, runSocket } from "../paths.ts";
import type { Attachment, Cgroup, Shim } from "../ports.ts";
import type { ContainerRecord } from "../record.ts";
import { makeCgroup } from "../make-cgroup.ts";
import { hostsText, removeRunDir, resolvText } from "../run-files.ts";
import { StartRefused } from "../start-refused.ts";
import { stepRecord, stepSpec } from "./step-spec.ts";

/** A step's output lies on the disk only until it has been taken. */
const LOG_FILE_BYTES = 4 * 1024 * 1024;
const LOG_FILES = 2;
const PREAMBLE = /^.*?OCI runtime create failed: runc create failed: /s;

/**
 * Commands of builds in the engine's own runtime, without a container's record: what they hold bears a container's kind of id and lies
 * where containers' things lie, so that the sweep of a start finds whatever a crash left of them.
 */
export function stepPort(ctx: EngineContext): StepPort {
  return { folder: (id) => runDir(ctx.paths, id), launch: (request) => launchStep(ctx, request) };
}

async function launchStep(ctx: EngineContext, request: StepRequest): Promise<RunningStep> {
  const { id, op } = request;
  const record = stepRecord(ctx, request);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rmSync(containerDir(ctx.paths, id), { recursive: true, force: true }));
  undo.defer(() => removeRunDir(ctx, id));
  for (const folder of [containerDir(ctx.paths, id), runDir(ctx.paths, id)]) mkdirSync(folder, { recursive: true, mode: 0o710 });
  const attachment = attach(ctx, request, undo);
  writeFiles(ctx, record, attachment);
  const spec = specOrReason(ctx, record, request);
  const cgroup = makeCgroup(ctx, record, spec.linux.resources);
  undo.defer(() => endOf(cgroup));
  const shim = await ctx.runtime.launchContainer(id, runSocket(ctx.paths, id), {
    spec, root: request.root, rootMountPoint: rootMountPoint(ctx.paths), cgroup: cgroup.join, ...(attachment && { network: attachment.netlink }),
    log: { ...logPaths(ctx.paths, id), maxBytes: LOG_FILE_BYTES, maxFiles: LOG_FILES }, exitFile: exitFile(ctx.paths, id), ...(cgroup.oomFile !== undefined && { oomFile: cgroup.oomFile }),
    stdio: { tty: request.terminal !== undefined, openStdin: request.terminal !== undefined, stdinOnce: true, rows: request.terminal?.rows ?? 0, cols: request.terminal?.cols ?? 0 },
  });
  undo.defer(() => shim.close());
  const refused = await refusal(ctx, shim, spec, op.args);
  return runningStep(ctx, id, { shim, cgroup, refused, mountPoints: spec.mounts.map(({ destination }) => destination) }, undo.move());
}

/** @throws EngineError that names the command, as BuildKit does */
function specOrReason(ctx: EngineContext, record: ContainerRecord, request: StepRequest): RuntimeSpec {
  try {
    return stepSpec(ctx, record, request, containerDir(ctx.paths, request.id));
  } catch (error) {
    throw new EngineError(error instanceof EngineError ? error.kind : "System", `process ${JSON.stringify(request.op.args.join(" "))} did not complete successfully: ${messageOf(error)}`, { cause: error });
  }
}

function attach(ctx: EngineContext, { id, op }: StepRequest, undo: AsyncDisposableStack): Attachment | undefined {
  const bridge = op.network === "default" ? ctx.network.find("bridge") : undefined;
  if (!bridge || bridge.driver !== "bridge") return undefined;
  undo.defer(() => ctx.network.detach(id));
  return ctx.network.attach(id, [{ networkId: bridge.id, names: [] }]);
}

function writeFiles(ctx: EngineContext, record: ContainerRecord, attachment: Attachment | undefined): void {
  const endpoints = attachment?.endpoints ?? [];
  const dir = containerDir(ctx.paths, record.id);
  const { dns, dnsOptions, dnsSearch } = ctx.defaults;
  const withDns = { ...record, hostConfig: { ...record.hostConfig, Dns: [...dns], DnsOptions: [...dnsOptions], DnsSearch: [...dnsSearch] } };
  writeFileSync(`${dir}/hosts`, hostsOf(ctx, record));
  writeFileSync(`${dir}/resolv.conf`, resolvText(ctx, withDns, endpoints));
}

/** As BuildKit's: the same in every run of a step, for what a step sees of it may end in a layer. */
function hostsOf(ctx: EngineContext, record: ContainerRecord): string {
  if (record.hostConfig.NetworkMode === "host") return hostsText(ctx, record, []);
  const further = (record.hostConfig.ExtraHosts ?? []).map((entry) => {
    const [name = "", address = ""] = [entry.slice(0, entry.search(/[:=]/)), entry.slice(entry.search(/[:=]/) + 1)];
    return `${address === "host-gateway" ? (ctx.defaults.hostGatewayIPs[0] ?? ctx.network.bridge.gateway) : address}\t${name}\n`;
  });
  return [`127.0.0.1\tlocalhost ${record.config.Hostname ?? ""}\n`, "::1\tlocalhost ip6-localhost ip6-loopback\n", ...further].join("");
}

/** The last words of a program that the kernel refused; undefined when it runs. @throws EngineError */
async function refusal(ctx: EngineContext, shim: Shim, spec: RuntimeSpec, args: readonly string[]): Promise<StartRefused | undefined> {
  try {
    await shim.started;
    return undefined;
  } catch (error) {
    const reason = ctx.runtime.startRefusal(error, { kind: "container", process: spec.process, mounts: spec.mounts, sysctl: spec.linux.sysctl });
    if (reason instanceof StartRefused && reason.lastWords !== undefined) return reason;
    throw new EngineError(reason instanceof EngineError ? reason.kind : "System", `process ${JSON.stringify(args.join(" "))} did not complete successfully: ${messageOf(reason).replace(PREAMBLE, "runc run failed: ")}`, { cause: error });
  }
}

async function endOf(cgroup: Cgroup): Promise<void> {
  if (cgroup.pids().length > 0) cgroup.killAll();
  await cgroup.remove();
}

interface Launched {
  readonly shim: Shim;
  readonly cgroup: Cgroup;
  readonly refused: StartRefused | undefined;
  readonly mountPoints: readonly string[];
}

function runningStep(ctx: EngineContext, id: string, { shim, cgroup, refused, mountPoints }: Launched, held: AsyncDisposableStack): RunningStep {
  const over = new AbortController();
  let ended = refused !== undefined;
  const exited = refused ? Promise.resolve({ exitCode: refused.exitCode, oomKilled: false }) : exitOf(shim).finally(() => (ended = true));
  const step: RunningStep = {
    output: refused ? lastWords(refused) : frames(ctx, id, shim, over.signal, () => ended),
    mountPoints,
    exited,
    kill: () => {
      // Also what its first process has not been told of: nothing of a step that is called off goes on.
      cgroup.killAll();
      void shim.kill(9).catch(() => undefined);
    },
    resize: (rows, cols) => shim.resize(rows, cols),
    openStdin: () => shim.openStdin(),
    [Symbol.asyncDispose]: async () => {
      if (!ended) step.kill();
      await exited.catch(() => undefined);
      over.abort();
      await letGo(ctx, id, held);
    },
  };
  return step;
}

/** Goes through to the end: what fails here must not hide how the step ended. */
async function letGo(ctx: EngineContext, id: string, held: AsyncDisposableStack): Promise<void> {
  // A step that filled the disk: the store must be written all the same.
  if (ctx.space.isFull()) ctx.space.makeRoom();
  await held.disposeAsync().catch((error: unknown) => ctx.log(`step ${id}: ${messageOf(firstFailure(error))}, ignoring; the next start of the engine sweeps it`));
}

async function exitOf(shim: Shim): Promise<StepExit> {
  const { exitCode, oomKilled } = await shim.exited;
  return { exitCode, oomKilled };
}

async function* frames(ctx: EngineContext, id: string, shim: Shim, signal: AbortSignal, ended: () => boolean): RunningStep["output"] extends AsyncIterable<infer T> ? AsyncGenerator<T> : never {
  for await (const { frames: batch } of ctx.runtime.readFrames(logPaths(ctx.paths, id), { follow: true, signal, watch: (end) => shim.watchLog(end), ended })) {
    for (const { stream, timeNs, payload } of batch) yield { stream: stream === 2 ? 2 : 1, bytes: payload, timeNs };
  }
}

async function* lastWords({ lastWords: words = "" }: StartRefused): RunningStep["output"] extends AsyncIterable<infer T> ? AsyncGenerator<T> : never {
  await Promise.resolve();
  yield { stream: 2, bytes: Buffer.from(words), timeNs: nowNs() };
}
