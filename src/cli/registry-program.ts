import "./core.ts";
import type { RegistrySettings } from "../configuration/mod.ts";

/** What the command line needs of the registry server; main.ts fills it in, for only it may know the server's modules. */
export interface RegistryProgram {
  /** Serves until it is told to stop; calls `ready` once it listens. @returns the exit code */
  serveRegistry(settings: RegistrySettings, ready: () => void): Promise<number>;
  /** Removes garbage once. @throws EngineError */
  collectRegistry(settings: Pick<RegistrySettings, "storage" | "garbage">): Promise<CollectedGarbage>;
}

export interface CollectedGarbage {
  readonly manifests: number;
  readonly links: number;
  readonly blobs: number;
  readonly uploads: number;
  readonly freedBytes: number;
}

let program: (() => Promise<RegistryProgram>) | undefined;

export function provideRegistry(load: () => Promise<RegistryProgram>): void {
  program = load;
}

export function loadRegistry(): Promise<RegistryProgram> {
  if (!program) throw new Error("this program was built without the registry server");
  return program();
}
