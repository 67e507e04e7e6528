import type { ContainerInspect, Digest, EndpointSettings, HostConfig, IdRange, MountRequest } from "../spec/mod.ts";
import type { ContainerState } from "./state.ts";

export type ContainerConfig = NonNullable<ContainerInspect["Config"]>;

export interface IdMap {
  readonly users: readonly IdRange[];
  readonly groups: readonly IdRange[];
}

/** A mount as the container was created with it: every choice made, nothing to look up at start but the source. */
export interface ContainerMount {
  readonly type: "bind" | "volume" | "tmpfs" | "image";
  /** Host path of a bind, name of a volume or of an image, empty for a tmpfs. */
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
  /** Docker's `Mode` text: what stood after the second colon of -v. */
  readonly mode: string;
  readonly propagation: string;
  /** -v makes a missing host folder, --mount refuses. */
  readonly createSource: boolean;
  readonly recursion: { readonly nonRecursive: boolean; readonly readOnly: "asPossible" | "never" | "required" };
  readonly noCopy: boolean;
  readonly subpath?: string;
  readonly tmpfsOptions?: readonly string[];
  /** Owners: `containerID` inside is `hostID` on the disk. */
  readonly idMap?: IdMap;
  /** Who keeps a volume that is not there yet, and what he is told; absent: `local`. */
  readonly driver?: { readonly name: string; readonly options: Readonly<Record<string, string>> };
  readonly request?: MountRequest;
}

export interface ContainerRecord {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly createdAt: string;
  /** Position in creation order. */
  readonly sequence: number;
  readonly imageID: Digest;
  /** As the request wrote it. */
  readonly imageRef: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly mounts: readonly ContainerMount[];
  readonly networks: Readonly<Record<string, EndpointSettings>>;
  readonly state: ContainerState;
  readonly restartCount: number;
}

export const shortId = (id: string): string => id.slice(0, 12);
