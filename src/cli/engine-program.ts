/** What the command line needs of the engine itself; main.ts fills it in, for only it may know the engine's modules. */
export interface EngineOptions {
  readonly dataRoot: string;
  readonly runRoot: string;
  /** `unix:///path` or `tcp://address:port`; the first socket is what clients look for. */
  readonly hosts: readonly string[];
  readonly bridge: string;
  /** Address and prefix of the bridge, `172.18.0.1/16`; undefined: the engine chooses. */
  readonly bip: string | undefined;
  readonly cgroupParent: string;
  readonly table: string;
  readonly debug: boolean;
}

export interface EngineProgram {
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
