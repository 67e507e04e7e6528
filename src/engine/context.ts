import type { Database } from "bun:sqlite";
import type { KeyedLock } from "../base/mod.ts";
import type { ContainerStore } from "./store/containers.ts";
import type { EventLog } from "./store/events.ts";
import type { VolumeStore } from "./store/volumes.ts";
import type { BuildHistory, BuildkitSessions, ContextStore, Solver } from "../build/mod.ts";
import type { EngineDefaults } from "./defaults.ts";
import type { DiskSpace } from "./disk-space.ts";
import type { AfterExit } from "./exit.ts";
import type { ExecTable } from "./exec-table.ts";
import type { HealthTable } from "./health/table.ts";
import type { LiveTable } from "./live.ts";
import type { LogTable } from "./log-table.ts";
import type { CgroupPort, HostPort, ImagePort, NamesPort, NetworkPort, PublishPort, RuntimePort, SnapshotPort, TreePort } from "./ports.ts";
import type { EnginePaths } from "./paths.ts";
import type { RegistryService } from "./registry-service.ts";
import type { VolumeDrivers } from "../volume/mod.ts";
import type { StatsSampler } from "./stats/sampler.ts";

/** What every use case works with; daemon.ts builds the one that runs, tests build small ones. */
export interface EngineContext {
  readonly db: Database;
  readonly containers: ContainerStore;
  readonly eventLog: EventLog;
  readonly volumes: VolumeStore;
  readonly volumeDrivers: VolumeDrivers;
  /** Held per container id by whatever changes its life cycle. */
  readonly locks: KeyedLock;
  readonly live: LiveTable;
  readonly execs: ExecTable;
  readonly logs: LogTable;
  readonly health: HealthTable;
  /** Does what the end of a run leads to: starting and removing know how runs end, which must not know them. */
  readonly afterExit: (id: string, next: AfterExit) => void;
  readonly stats: StatsSampler;
  readonly paths: EnginePaths;
  readonly identity: EngineIdentity;
  /** The operator's settings; a reload puts another object in its place. */
  readonly defaults: EngineDefaults;
  readonly space: Pick<DiskSpace, "requireWritable" | "makeRoom" | "isFull">;
  readonly images: ImagePort;
  readonly snapshots: SnapshotPort;
  readonly trees: TreePort;
  readonly network: NetworkPort;
  readonly publisher: PublishPort;
  readonly names: NamesPort;
  readonly cgroups: CgroupPort;
  readonly runtime: RuntimePort;
  readonly host: HostPort;
  /** The work of builds. */
  readonly solver: Solver;
  /** Copies of the folders that clients build from. */
  readonly buildContexts: ContextStore;
  /** What is remembered of builds. */
  readonly buildHistory: BuildHistory;
  /** Clients of BuildKit's protocol that are connected. */
  readonly buildkitSessions: BuildkitSessions;
  /** The registry beside the engine. */
  readonly registry: RegistryService;
  /** One sentence for the operator; failures that no caller can be told of. */
  log(sentence: string): void;
}

export interface EngineIdentity {
  /** Kept in the data root, so that it stays over restarts. */
  readonly id: string;
  readonly version: string;
  readonly gitCommit: string;
  readonly buildTime: string;
  /** When this data root was made. */
  readonly createdAt: string;
}
