import type { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildCacheSchema, BuildHistory, BuildkitSessions, ContextStore, openSolver, type Solver } from "../build/mod.ts";
import { formatInstant, KeyedLock, nowNs, type Schema } from "../base/mod.ts";
import type { EngineContext, EngineIdentity } from "./context.ts";
import type { EngineDefaults } from "./defaults.ts";
import { dropExecFiles } from "./exec-files.ts";
import { ExecTable } from "./exec-table.ts";
import { followUp } from "./follow-up.ts";
import { HealthTable } from "./health/table.ts";
import { LiveTable } from "./live.ts";
import { LogTable } from "./log-table.ts";
import { buildContextsDir, buildHistoryDir, containersDir, rootMountPoint, volumesDir } from "./paths.ts";
import { solverDeps, type SolverMechanisms } from "./steps/solver-deps.ts";
import { StatsSampler } from "./stats/sampler.ts";
import { containerSchema, ContainerStore } from "./store/containers.ts";
import { eventSchema, EventLog } from "./store/events.ts";
import { IdleCheckpoint } from "./store/idle-checkpoint.ts";
import { volumeSchema, VolumeStore } from "./store/volumes.ts";

export const engineSchemas: readonly Schema[] = [
  containerSchema,
  eventSchema,
  volumeSchema,
  buildCacheSchema,
  { module: "engine.identity", steps: ["CREATE TABLE identity (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID"] },
];

/** The mechanisms that the composition root has opened. */
export interface EngineParts extends Pick<EngineContext, "paths" | "space" | "images" | "snapshots" | "trees" | "network" | "publisher" | "names" | "volumeDrivers" | "cgroups" | "runtime" | "host" | "registry" | "log"> {
  readonly db: Database;
  /** The settings of this moment. */
  readonly settings: () => EngineDefaults;
  readonly solving: SolverMechanisms;
  readonly build: Pick<EngineIdentity, "version" | "gitCommit" | "buildTime">;
}

/** The context of the use cases over opened mechanisms; `recover` brings it up to date with the machine. */
export function openEngine(parts: EngineParts): EngineContext {
  const { db, paths } = parts;
  for (const dir of [containersDir(paths), volumesDir(paths)]) mkdirSync(dir, { recursive: true, mode: 0o710 });
  for (const dir of [rootMountPoint(paths), join(paths.runRoot, "c"), join(paths.runRoot, "e")]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  const containers = new ContainerStore(db, () => parts.space.makeRoom());
  const checkpoint = new IdleCheckpoint(db, parts.log);
  let solver: Solver | undefined;
  let buildContexts: ContextStore | undefined;
  let buildHistory: BuildHistory | undefined;
  const ctx: EngineContext = {
    ...parts,
    get solver() {
      return (solver ??= openSolver(solverDeps(ctx, parts.solving)));
    },
    get buildContexts() {
      return (buildContexts ??= ContextStore.open(buildContextsDir(paths)));
    },
    get buildHistory() {
      return (buildHistory ??= new BuildHistory(buildHistoryDir(paths)));
    },
    buildkitSessions: new BuildkitSessions(),
    get defaults() {
      return parts.settings();
    },
    log: (sentence) => parts.log(sentence),
    containers,
    eventLog: new EventLog(db, () => checkpoint.touch()),
    volumes: new VolumeStore(db),
    locks: new KeyedLock(),
    live: new LiveTable(),
    execs: new ExecTable((id) => dropExecFiles(ctx, id)),
    logs: new LogTable(),
    health: new HealthTable(),
    afterExit: (id, next) => followUp(ctx, id, next),
    stats: new StatsSampler({ ...parts, containers }),
    identity: { ...parts.build, id: kept(db, "id", () => crypto.randomUUID()), createdAt: kept(db, "createdAt", () => formatInstant(nowNs())) },
  };
  return ctx;
}

/** A fact that is made once per data root. */
function kept(db: Database, key: string, make: () => string): string {
  const row = db.query<{ value: string }, [string]>("SELECT value FROM identity WHERE key = ?").get(key);
  if (row) return row.value;
  const value = make();
  db.query("INSERT INTO identity (key, value) VALUES (?, ?)").run(key, value);
  return value;
}
