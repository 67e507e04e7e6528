import type { Database } from "bun:sqlite";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ApiServer, bindEngine } from "./api/mod.ts";
import { EngineError, messageOf, openDatabase } from "./base/mod.ts";
import type { Configuration } from "./configuration/mod.ts";
import { ContentStore } from "./content/mod.ts";
import { openResolver, removeRedirect, type Resolver } from "./dns/mod.ts";
import { DiskSpace, ENGINE_DEFAULTS, engineSchemas, hostFacts, layerPort, lockDataRoot, openEngine, pluginsDir, recover, RegistryService, rootMountPoint, runtimePort, shutdown, stopEverything, takeDataRoot, volumeMountsDir, volumesDir, volumeUsesDir, type EngineContext, type EngineDefaults } from "./engine/mod.ts";
import { engineDefaults, enginePlaces, refuseDockersRoot, type EnginePlaces, type Proxies } from "./engine-settings.ts";
import { helperPrograms, ownProgram } from "./helper-programs.ts";
import { imageSchema, openImages, transferSchema, type Images } from "./image/mod.ts";
import { openCgroups, openOwnExecutable, Rtnetlink, notifyManager, setOwnOOMScore, setUmask, syncFileSystem, unreadByPeer, type Cgroups } from "./linux/mod.ts";
import { planListening } from "./listening.ts";
import { networkSchema, openNetworks, Publisher, publishSchema, type Networks } from "./network/mod.ts";
import { operatorLog, type OperatorLog } from "./operator-log.ts";
import { joinOwnCgroup, removeOwnCgroup } from "./own-cgroup.ts";
import { writePidFile } from "./pid-file.ts";
import { emitReload, SettingsInForce } from "./reload.ts";
import { ShimSpawner, serviceEnded, startService } from "./runtime/mod.ts";
import { snapshotSchema, Snapshots } from "./snapshot/mod.ts";
import { detachVolumes, DOCKERS_FOLDERS, VolumeDrivers } from "./volume/mod.ts";
import packageJson from "../package.json" with { type: "json" };
import helloPath from "../build/native/hello" with { type: "file" };
import shimPath from "../build/native/hako-shim" with { type: "file" };

export interface DaemonOptions {
  readonly configuration: Configuration;
  /** The configuration as the file is now. */
  readonly reread: () => Configuration;
  readonly certificateFolder: string;
}

const LAYERS_AT_ONCE = 4;
const CONTAINER_ID = /^[0-9a-f]{64}$/;

/** Everything that one engine holds, for as long as its process lives. */
interface OpenParts {
  readonly ctx: EngineContext;
  readonly network: Networks;
  readonly names: Resolver;
  readonly cgroups: Cgroups;
  readonly images: Images;
}

/** Looks at what the settings name, and starts nothing. @throws EngineError */
export function validate({ configuration, certificateFolder }: DaemonOptions): void {
  engineDefaults(configuration);
  planListening({ configuration, defaultSocket: join(enginePlaces(configuration.values).runRoot, "hako.sock"), certificateFolder, handedSockets: handedSockets() }, () => undefined);
}

/** Serves until it is told to stop; calls `ready` once it listens. @returns the exit code */
export async function runDaemon({ configuration, reread, certificateFolder }: DaemonOptions, ready: () => void): Promise<number> {
  // Compiling takes a processor from the containers that are being started: a third as eager, the engine is as fast and compiles half as much.
  Bun.unsafe.setJITPolicy(3);
  const { values } = configuration;
  let debug = values.debug ?? false;
  const log = operatorLog({ least: () => (debug ? "debug" : values["log-level"] || "info"), format: values["log-format"] });
  // One request gone wrong must not take the others along; containers would go on, but so should the engine.
  for (const event of ["unhandledRejection", "uncaughtException"] as const) process.on(event, (error: unknown) => log(`internal error: ${describe(error, true)}`, "error"));
  const onHangUp = hangUps();
  try {
    // Left last of all: what the engine started is in it.
    await using ownCgroup = new AsyncDisposableStack();
    await using held = new AsyncDisposableStack();
    for (const warning of configuration.warnings) log(warning, "warn");
    const places = enginePlaces(values);
    const settings = new SettingsInForce(configuration, ambientProxies());
    const openListeners = planListening({ configuration, defaultSocket: join(places.runRoot, "hako.sock"), certificateFolder, handedSockets: handedSockets() }, log);
    makeRoots(places);
    held.use(await lockDataRoot(places.dataRoot, () => log("waiting for the last processes of an engine that was killed")));
    if (values.pidfile) held.use(writePidFile(values.pidfile));
    adjustOOMScore(values["oom-score-adjust"] ?? 0, log);
    const { ctx, cgroups, names } = await openParts(places, () => settings.defaults, held, log);
    ownCgroup.use(joinOwnCgroup(cgroups, ctx.host.memoryTotal, log));
    await recover(ctx);
    await ctx.registry.recover();
    held.defer(() => shutdown(ctx));
    // Opened now: what a crash left of builds goes before there are new ones.
    held.use(ctx.solver);
    held.defer(() => ctx.registry.close());
    const server = new ApiServer({ engine: bindEngine(ctx), engineVersion: ctx.identity.version, unread: unreadByPeer, trace: (request) => log(request, "debug"), report: (message, error) => log(`${message}: ${describe(error, debug)}`, "error") });
    held.defer(() => server.close());
    await openListeners(server);
    for (const warning of ctx.network.warnings) log(warning, "warn");
    const stopReloading = onHangUp(() => {
      tellService("RELOADING=1", log);
      if (settings.reload(reread, log)) emitReload(ctx, settings);
      debug = settings.defaults.debug;
      tellService("READY=1", log);
    });
    held.defer(stopReloading);
    const stop = askedToStop();
    ready();
    if (places.network.firewall ?? true) names.prepare();
    tellService(`READY=1\nMAINPID=${process.pid}`, log);
    log(`stopping: ${await stop}; containers go on`);
    tellService("STOPPING=1", log);
    return 0;
  } catch (error) {
    log(describe(error, debug), "error");
    return 1;
  }
}

/** SIGHUP ends nobody from the first moment on; one that comes before there is something to reload is kept until then. */
function hangUps(): (reload: () => void) => () => void {
  let early = false;
  let react = (): void => void (early = true);
  process.on("SIGHUP", () => react());
  return (reload) => {
    react = reload;
    if (early) reload();
    return () => (react = () => undefined);
  };
}

function adjustOOMScore(score: number, log: OperatorLog): void {
  try {
    if (score !== 0) setOwnOOMScore(score);
  } catch (error) {
    log(`oom-score-adjust could not be set to ${score} (${messageOf(error)}), ignoring`, "warn");
  }
}

/** Sockets of a service manager, if they are for this process (sd_listen_fds(3)). */
function handedSockets(): number {
  const count = Number(process.env["LISTEN_FDS"] ?? 0);
  return process.env["LISTEN_PID"] === String(process.pid) && Number.isInteger(count) && count > 0 ? count : 0;
}

/** As dockerd has it: what the settings leave open, the environment says. */
function ambientProxies(): Proxies {
  const named = (name: string): string => process.env[name] || process.env[name.toLowerCase()] || "";
  return { http: named("HTTP_PROXY"), https: named("HTTPS_PROXY"), no: named("NO_PROXY") };
}

/** A service manager that asked to be told; one that does not listen is no reason to stop. */
function tellService(state: string, log: OperatorLog): void {
  const path = process.env["NOTIFY_SOCKET"];
  if (path === undefined || path === "") return;
  try {
    notifyManager(path, state);
  } catch (error) {
    log(`the service manager could not be told ${state.split("\n")[0]}: ${messageOf(error)}, ignoring`, "warn");
  }
}

/** Stops and removes everything that is ours. @returns one sentence for each thing that could not be removed */
export async function uninstall({ configuration }: Pick<DaemonOptions, "configuration">): Promise<readonly string[]> {
  const options = enginePlaces(configuration.values);
  const failures: string[] = [];
  const step = async (act: () => unknown): Promise<void> => {
    try {
      await act();
    } catch (error) {
      failures.push(messageOf(error));
    }
  };
  if (existsSync(options.dataRoot)) {
    await using held = new AsyncDisposableStack();
    makeRoots(options);
    held.use(await takeDataRoot(options.dataRoot));
    await step(() => registryService(options.dataRoot, () => undefined).stop());
    await step(async () => failures.push(...(await removeByStore(options))));
    await step(() => removeOwnCgroup(openCgroups({ parent: options.cgroupParent })));
  }
  await step(() => rmSync(options.dataRoot, { recursive: true, force: true }));
  // Nothing that is still mounted there is ours to remove.
  const before = failures.length;
  await step(() => detachVolumes(volumeMountsDir(options)));
  if (failures.length === before) await step(() => rmSync(options.runRoot, { recursive: true, force: true }));
  return failures;
}

/** Containers and network as the store knows them. */
async function removeByStore(options: EnginePlaces): Promise<readonly string[]> {
  await using held = new AsyncDisposableStack();
  let parts: OpenParts;
  try {
    parts = await openParts(options, () => ENGINE_DEFAULTS, held, () => undefined);
    await recover(parts.ctx);
  } catch {
    // A store that is damaged or of another release names no container, ignoring: the kernel does.
    await held.disposeAsync();
    return await removeByKernel(options);
  }
  const left = await stopEverything(parts.ctx);
  await Promise.all([parts.network.teardown(), removeRedirect(options.network.table)]);
  return left;
}

async function removeByKernel({ dataRoot, cgroupParent, network: config }: EnginePlaces): Promise<readonly string[]> {
  const cgroups = openCgroups({ parent: cgroupParent });
  const groups = cgroups.list().filter((name) => CONTAINER_ID.test(name)).map((id) => cgroups.open(id));
  for (const group of groups) group.killAll();
  using rtnl = new Rtnetlink();
  using db = networkFacts(dataRoot);
  const network = openNetworks({ db, rtnl, config });
  const results = await Promise.allSettled([...groups.map((group) => group.remove()), network.teardown(), removeRedirect(config.table)]);
  return results.flatMap((result) => (result.status === "rejected" ? [messageOf(result.reason)] : []));
}

/** What the engine changed on the host, as far as the store still tells. */
function networkFacts(dataRoot: string): Database {
  try {
    return openDatabase(join(dataRoot, "hako.db"), [networkSchema]);
  } catch {
    // Unreadable, ignoring: links, table and groups are found by their names.
    return openDatabase(":memory:", [networkSchema]);
  }
}

function makeRoots({ dataRoot, runRoot }: EnginePlaces): void {
  if (process.getuid?.() !== 0) throw new EngineError("Forbidden", "the engine needs root: start it with sudo");
  refuseDockersRoot(dataRoot);
  setUmask(0o022);
  for (const root of [dataRoot, runRoot]) mkdirSync(root, { recursive: true, mode: 0o711 });
}

/** The data root is locked. */
async function openParts(options: EnginePlaces, settings: () => EngineDefaults, held: AsyncDisposableStack, log: OperatorLog): Promise<OpenParts> {
  const { dataRoot, runRoot } = options;
  const space = new DiskSpace(dataRoot);
  const shortage = space.prepare();
  if (shortage) log(shortage);
  const db = openDatabase(join(dataRoot, "hako.db"), [...engineSchemas, snapshotSchema, imageSchema, transferSchema, networkSchema, publishSchema]);
  held.defer(() => db.close());
  installShim(runRoot);
  const spawner = held.use(new ShimSpawner({ shim: shimPath }));
  const { extractor, trees, compressor, layerPackers, mountWork, launchBuildWorker } = helperPrograms(spawner, runRoot, rootMountPoint({ dataRoot, runRoot }));
  const content = new ContentStore(join(dataRoot, "content"));
  const snapshots = new Snapshots({ db, dir: dataRoot });
  const syncDisk = (): Promise<void> => syncFileSystem(dataRoot);
  const images = await openImages({ db, content, snapshots, extractor, parallel: LAYERS_AT_ONCE, syncDisk, packLayer: (folder, signal, shape) => layerPackers.pack(folder, signal, shape), compressor, transfersAtOnce: () => ({ downloads: settings().maxConcurrentDownloads, uploads: settings().maxConcurrentUploads }) });
  const rtnl = held.use(new Rtnetlink());
  const host = hostFacts();
  const names = held.use(openResolver({ table: options.network.table, hostResolvConf: () => host.resolvConf(), log }));
  const restore = async (): Promise<void> => void (await Promise.all([network.restoreFirewall(), names.restore()]));
  const publisher: Publisher = held.use(new Publisher({ db, table: options.network.table, firewall: options.network.firewall ?? true, firewallIPv6: options.network.firewallIPv6 ?? true, ...options.publishing, rtnl, restore, log }));
  const network: Networks = held.use(openNetworks({ db, rtnl, config: options.network, furtherRules: () => publisher.rules(), restore, log }));
  await network.setup();
  // An engine with rules has prepared them for names too; here the first network brings them.
  if (options.network.firewall === false) await removeRedirect(options.network.table);
  publisher.setup();
  const cgroups = openCgroups({ parent: options.cgroupParent });
  const paths = { dataRoot, runRoot };
  const volumeDrivers = new VolumeDrivers({ dir: volumesDir(paths), mounts: volumeMountsDir(paths), uses: volumeUsesDir(paths), plugins: { folders: { sockets: [pluginsDir(paths), ...DOCKERS_FOLDERS.sockets], specs: [pluginsDir(paths), ...DOCKERS_FOLDERS.specs] } }, work: mountWork, log });
  const build = { version: packageJson.version, gitCommit: "", buildTime: "" };
  const ctx = openEngine({ settings, solving: { layers: layerPort(snapshots), launchWorker: launchBuildWorker }, db, paths, build, space, images, snapshots, trees, network, publisher, names, volumeDrivers, cgroups, runtime: runtimePort(spawner), host, registry: registryService(dataRoot, log), log });
  if (shortage === undefined) await addFirstImage(images);
  return { ctx, network, names, cgroups, images };
}

function registryService(dataRoot: string, log: OperatorLog): RegistryService {
  // An object storage's keys come from the environment alone.
  const env = Object.entries(process.env).filter(([name]) => name === "PATH" || name.startsWith("AWS_")).map(([name, value]) => `${name}=${value}`);
  const exeFd = openOwnExecutable();
  return new RegistryService({ dataRoot, log, ended: serviceEnded, launch: (words, files) => startService({ exeFd, argv: [...ownProgram(), ...words], env, ...files }) });
}

/** The image that `hako run hako/hello` finds on a machine that has none. */
async function addFirstImage(images: Images): Promise<void> {
  await images.addEmbedded("hako/hello:latest", [{ path: "hello", content: readFileSync(helloPath), mode: 0o755 }], { Cmd: ["/hello"], Env: ["PATH=/"] });
}

/** A read-only copy, which --init binds into containers: what they run is never the file that the engine runs. */
function installShim(runRoot: string): void {
  const target = join(runRoot, "bin", "hako-shim");
  mkdirSync(join(runRoot, "bin"), { recursive: true, mode: 0o755 });
  // The embedded file exists for this process only: copyFile, which asks the kernel, does not find it.
  writeFileSync(`${target}.new`, readFileSync(shimPath));
  chmodSync(`${target}.new`, 0o555);
  renameSync(`${target}.new`, target);
}

function askedToStop(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(`got ${signal}`));
  });
}

function describe(error: unknown, debug: boolean): string {
  return debug && error instanceof Error && error.stack ? error.stack : messageOf(error);
}
