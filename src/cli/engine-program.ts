import "./core.ts";
import type { Configuration } from "../configuration/mod.ts";

/** What the command line needs of the engine itself; main.ts fills it in, for only it may know the engine's modules. */
export interface EngineOptions {
  readonly configuration: Configuration;
  /** The configuration as it is now in the file, with the same flags. @throws ConfigurationError */
  readonly reread: () => Configuration;
  /** Where certificates are that no setting names. */
  readonly certificateFolder: string;
}

export interface EngineProgram {
  /** Looks at what the settings name, and starts nothing. @throws for what is wrong */
  validate(options: EngineOptions): void;
  /** Serves until it is told to stop; calls `ready` once it listens. @returns the exit code */
  runDaemon(options: EngineOptions, ready: () => void): Promise<number>;
  /** Stops and removes everything that is ours. @returns one sentence for each thing that could not be removed */
  uninstall(options: EngineOptions): Promise<readonly string[]>;
}

let program: (() => Promise<EngineProgram>) | undefined;

export function provideEngine(load: () => Promise<EngineProgram>): void {
  program = load;
}

export function loadEngine(): Promise<EngineProgram> {
  if (!program) throw new Error("this program was built without the engine");
  return program();
}
