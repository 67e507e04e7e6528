import { listContainers, listNetworks, listVolumes, type Client } from "../../client/mod.ts";
import type { ContainerSummary, MountPoint } from "../../spec/mod.ts";
import { LABELS } from "../labels.ts";

/** A container that a compose tool has made. */
export interface ObservedContainer {
  readonly id: string;
  /** Without the slash. */
  readonly name: string;
  readonly service: string;
  readonly number: number;
  readonly oneOff: boolean;
  /** created, running, paused, restarting, exited, dead, removing */
  readonly state: string;
  /** As `ps` prints it: `Up 3 seconds (healthy)`. */
  readonly status: string;
  readonly image: string;
  readonly imageID: string;
  readonly command: string;
  /** Seconds. */
  readonly created: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Ids of networks by name. */
  readonly networks: ReadonlyMap<string, string>;
  readonly mounts: readonly MountPoint[];
  readonly ports: NonNullable<ContainerSummary["Ports"]>;
}

export interface ObservedNetwork {
  readonly id: string;
  readonly name: string;
  /** As the file names it. */
  readonly key: string;
  readonly configHash: string | undefined;
}

export interface ObservedVolume {
  readonly name: string;
  readonly key: string;
  readonly configHash: string | undefined;
}

const ofProject = (project: string): string => `${LABELS.project}=${project}`;

/** Every container of the project, of `run` too. */
export async function observeContainers(client: Client, project: string): Promise<ObservedContainer[]> {
  const found = await listContainers(client, { all: true, filters: { label: [ofProject(project), LABELS.configHash] } });
  return found.map(observed).toSorted((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1));
}

function observed({ Id = "", Names = [], State = "", Status = "", Image = "", ImageID = "", Command = "", Created = 0, Labels = {}, NetworkSettings, Mounts = [], Ports }: ContainerSummary): ObservedContainer {
  return {
    id: Id,
    name: (Names.find((name) => name.lastIndexOf("/") === 0) ?? Names[0] ?? "").slice(1),
    service: Labels[LABELS.service] ?? "",
    number: Number(Labels[LABELS.containerNumber] ?? 0) || 0,
    oneOff: Labels[LABELS.oneoff] === "True",
    state: State,
    status: Status,
    image: Image,
    imageID: ImageID,
    command: Command,
    created: Created,
    labels: Labels,
    networks: new Map(Object.entries(NetworkSettings?.Networks ?? {}).map(([name, { NetworkID = "" }]) => [name, NetworkID])),
    mounts: Mounts,
    ports: Ports ?? [],
  };
}

export async function observeNetworks(client: Client, project: string): Promise<ObservedNetwork[]> {
  const found = await listNetworks(client, { label: [ofProject(project)] });
  return found.map(({ Id = "", Name = "", Labels }) => ({ id: Id, name: Name, key: Labels?.[LABELS.network] ?? "", configHash: Labels?.[LABELS.configHash] }));
}

export async function observeVolumes(client: Client, project: string): Promise<ObservedVolume[]> {
  const { Volumes } = await listVolumes(client, { label: [ofProject(project)] });
  return (Volumes ?? []).map(({ Name = "", Labels }) => ({ name: Name, key: Labels?.[LABELS.volume] ?? "", configHash: Labels?.[LABELS.configHash] }));
}
