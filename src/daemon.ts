import { EngineError } from "./base/mod.ts";

export interface DaemonOptions {
  readonly dataRoot: string;
  readonly runRoot: string;
  readonly hosts: readonly string[];
  readonly bridge: string;
  readonly bip: string | undefined;
  readonly cgroupParent: string;
  readonly table: string;
  readonly debug: boolean;
}

/** Serves until it is told to stop; calls `ready` once it listens. @returns the exit code */
export async function runDaemon(_options: DaemonOptions, _ready: () => void): Promise<number> {
  throw new EngineError("NotImplemented", "the engine is not part of this program yet");
}

/** Stops and removes everything that is ours. @returns one sentence for each thing that could not be removed */
export async function uninstall(_options: DaemonOptions): Promise<readonly string[]> {
  throw new EngineError("NotImplemented", "the engine is not part of this program yet");
}
