import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { EngineError, formatInstant, nowNs } from "../base/mod.ts";
import type { ContainerCreateRequest, HostConfig } from "../spec/mod.ts";
import { containerCapabilities } from "./capabilities.ts";
import { parseContainerName } from "./container-name.ts";
import type { EngineContext } from "./context.ts";
import { completeHostConfig } from "./create/complete-host-config.ts";
import { keepSupported } from "./create/limit-support.ts";
import { cleanSource } from "./create/mount-path.ts";
import { resolveMounts } from "./create/mounts.ts";
import { networksOf } from "./create/network-request.ts";
import { checkPlatform, parsePlatform } from "./create/platform.ts";
import { resolveContainerModes } from "./create/container-modes.ts";
import { createWarnings } from "./create/warnings.ts";
import { validateConfig } from "./create/validate-config.ts";
import { isHostMode, validateHostConfig } from "./create/validate-host-config.ts";
import { validateResources } from "./create/validate-resources.ts";
import { emitContainerEvent } from "./emit.ts";
import { holdImages, releaseImages } from "./image-mounts.ts";
import { linksOnBridge, requireLinked } from "./links.ts";
import { mergeImageConfig } from "./merge-image-config.ts";
import type { CreateOptions } from "./options.ts";
import { containerDir } from "./paths.ts";
import type { ResolvedImage } from "./ports.ts";
import { randomName } from "./random-name.ts";
import { requireRuntime } from "./runtime-choice.ts";
import { shortId, type ContainerConfig, type ContainerRecord } from "./record.ts";
import { claimVolumes, releaseVolumes } from "./volume-claims.ts";

/**
 * Validates, merges with the image, reserves the name, prepares the writable layer, and only then writes the row: what a
 * crash leaves behind has no row and is swept at the next start.
 * @throws EngineError InvalidParameter, NotFound (image), Conflict (name)
 */
export async function createContainer(ctx: EngineContext, options: CreateOptions): Promise<{ Id: string; Warnings: string[] }> {
  const { body } = options;
  ctx.space.requireWritable();
  if (!body || Object.keys(body).length === 0) throw new EngineError("InvalidParameter", "config cannot be empty in order to create a container");
  if (options.platform) parsePlatform(options.platform);
  const asked = options.name ? parseContainerName(options.name) : undefined;
  const hostConfig = completeHostConfig(keepSupported(checkRequest(ctx, body), ctx.cgroups.supports).kept, ctx.cgroups, ctx.defaults);
  const image = await resolveImage(ctx, body, options.platform);
  const id = randomBytes(32).toString("hex");
  const config = completeConfig(ctx, body, hostConfig, image, id);
  requireLinked(linksOnBridge(hostConfig), (ref) => ctx.containers.find(ref));
  resolveContainerModes(hostConfig, (ref) => ctx.containers.find(ref));
  if (config.WorkingDir) config.WorkingDir = cleanSource(config.WorkingDir);
  const networks = networksOf(hostConfig.NetworkMode ?? "bridge", body, (ref) => ctx.network.find(ref));
  const mac = networks["bridge"]?.MacAddress;
  if (mac) config.MacAddress = mac;
  const mounts = resolveMounts(config, hostConfig, (ref) => ctx.containers.resolve(ref));

  await using undo = new AsyncDisposableStack();
  const name = asked ?? randomName((candidate) => ctx.containers.nameIsTaken(candidate));
  const reservation = undo.use(ctx.containers.reserveName(name, id));
  await Promise.all([ctx.snapshots.prepare(id, image.layers), mkdir(containerDir(ctx.paths, id), { recursive: true, mode: 0o710 })]);
  undo.defer(() => rm(containerDir(ctx.paths, id), { recursive: true, force: true }));
  undo.defer(() => ctx.snapshots.remove(id));
  undo.defer(() => releaseImages(ctx, { id, mounts }));
  await holdImages(ctx, id, mounts);
  undo.defer(() => releaseVolumes(ctx, { id, mounts }, true));
  await claimVolumes(ctx, id, mounts);

  const command = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const record: ContainerRecord = {
    id, name, sequence: ctx.containers.nextSequence(), createdAt: formatInstant(nowNs()), imageID: image.id, imageRef: body.Image ?? "",
    path: command[0] ?? "", args: command.slice(1), config, hostConfig, mounts, networks, state: { status: "created" }, restartCount: 0,
  };
  ctx.containers.insert(record);
  undo.move();
  reservation[Symbol.dispose]();
  emitContainerEvent(ctx, record, "create");
  // What --rm removes is gone after a power cut anyway.
  if (!hostConfig.AutoRemove) await ctx.containers.synced();
  return { Id: id, Warnings: createWarnings(ctx, record, { request: body, image: image.config, platformAsked: Boolean(options.platform) }) };
}

function checkRequest(ctx: EngineContext, body: ContainerCreateRequest): HostConfig {
  const host = body.HostConfig ?? {};
  validateConfig(body);
  validateHostConfig(body, host);
  if (host.Runtime) requireRuntime(ctx.defaults, host.Runtime);
  validateResources(host, { cpuCount: ctx.host.cpuCount, supports: ctx.cgroups.supports });
  containerCapabilities({ add: host.CapAdd ?? [], drop: host.CapDrop ?? [], privileged: host.Privileged ?? false }, ctx.host.kernelCapabilities);
  return host;
}

async function resolveImage(ctx: EngineContext, body: ContainerCreateRequest, platform: string | undefined): Promise<ResolvedImage> {
  if (!body.Image) throw new EngineError("InvalidParameter", "no command specified");
  const image = platform ? await ctx.images.resolveFor(body.Image, parsePlatform(platform)) : ctx.images.resolve(body.Image);
  checkPlatform(body.Image, image.config, platform);
  return image;
}

function completeConfig(ctx: EngineContext, body: ContainerCreateRequest, hostConfig: HostConfig, image: ResolvedImage, id: string): ContainerConfig {
  const merged = mergeImageConfig(configOf(body), image.config.config);
  if (merged.Entrypoint?.length === 1 && merged.Entrypoint[0] === "") merged.Entrypoint = [];
  if (!merged.Entrypoint?.length && !merged.Cmd?.length) throw new EngineError("InvalidParameter", "no command specified");
  if (!merged.Hostname) merged.Hostname = isHostMode(hostConfig.NetworkMode) ? ctx.host.hostname : shortId(id);
  return merged;
}

/** The Config part of the flat request. */
function configOf(body: ContainerCreateRequest): ContainerConfig {
  const { HostConfig: _host, NetworkingConfig: _networking, ...rest } = body;
  const nonNull = Object.fromEntries(Object.entries(rest).filter(([key, value]) => key !== "__proto__" && value !== null && value !== undefined)) as ContainerConfig;
  return {
    Hostname: "", Domainname: "", User: "", AttachStdin: false, AttachStdout: false, AttachStderr: false, Tty: false, OpenStdin: false, StdinOnce: false, WorkingDir: "",
    ...nonNull, Env: body.Env ?? [], Labels: body.Labels ?? {},
  };
}
