import type { Environment } from "../environment/read.ts";
import type { RemoteFiles } from "./remote.ts";

/** Which project to load; what `hako compose` says with its options. Everything may be left out. */
export interface ProjectOptions {
  /** Compose files in the order in which they are merged; `-` is standard input. */
  readonly files?: readonly string[];
  readonly projectName?: string;
  readonly projectDirectory?: string;
  /** Read instead of `.env`. */
  readonly envFiles?: readonly string[];
  readonly profiles?: readonly string[];
  /** Variables for interpolation, and `COMPOSE_*` settings; a program passes `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What relative paths start from; the process's own working directory. */
  readonly currentDirectory?: string;
  /** The text of standard input, where a file is `-`. */
  readonly standardInput?: () => string;
  /** Files from elsewhere that were fetched already; loading a project that names others throws a RemoteFileError. */
  readonly remoteFiles?: RemoteFiles;
  /** Told, in docker-compose's words, of what works and should be changed. */
  readonly onWarning?: (message: string) => void;
}

/** Which steps of loading to leave out. */
export interface LoadSteps {
  readonly interpolate: boolean;
  readonly normalize: boolean;
  readonly resolvePaths: boolean;
  readonly checkConsistency: boolean;
}

export const ALL_STEPS: LoadSteps = { interpolate: true, normalize: true, resolvePaths: true, checkConsistency: true };

/** The options with everything found out. */
export interface ProjectContext {
  /** Absolute, or `-`. */
  readonly files: readonly string[];
  readonly folder: string;
  readonly name: string;
  readonly profiles: readonly string[];
  readonly environment: Environment;
  readonly warn: (message: string) => void;
  readonly readStandardInput: () => string;
}
