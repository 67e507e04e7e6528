import type { MountPoint } from "../../spec/mod.ts";
import type { Project, Service } from "../model/project.ts";

/** One container to be made of a service, and what it meets there. */
export interface Place {
  readonly project: Project;
  readonly service: Service;
  /** From 1. */
  readonly number: number;
  readonly name: string;
  readonly image: string;
  /** `sha256:…` */
  readonly imageID: string;
  /** By which it is known whether the service has changed. */
  readonly configHash: string;
  /** Paths that the image declares as volumes. */
  readonly imageVolumes: readonly string[];
  /** Other containers find it by the service's name. */
  readonly withAliases: boolean;
  /** Of a container that it takes the place of. */
  readonly inherited: readonly MountPoint[];
  readonly labels: Readonly<Record<string, string>>;
  readonly autoRemove: boolean;
  /** Kept open for one who attaches. */
  readonly interactive: boolean;
  /** The engine's name of a network of the file. */
  networkName(key: string): string;
  volumeName(key: string): string;
  /** `service:x` and `container:x` of a mode, as the engine wants it. @throws ComposeError when there is no such container */
  shared(key: string, mode: string): string;
  /** `container:alias` for what the service links to. */
  links(): string[];
  /** `container[:ro]` for each entry of volumes_from. */
  volumesFrom(): string[];
}
