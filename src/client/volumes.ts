import { formatFilters, type Answer, type Client, type Filters } from "./client.ts";

export interface Volume {
  Name?: string;
  Driver?: string;
  Mountpoint?: string;
  CreatedAt?: string;
  Labels?: Record<string, string> | null;
  Scope?: string;
  Options?: Record<string, string> | null;
  UsageData?: { Size?: number; RefCount?: number } | null;
}

const at = (name: string) => `/volumes/${encodeURIComponent(name)}`;

export const listVolumes = (client: Client, filters?: Filters) =>
  client.json<{ Volumes: Volume[] | null; Warnings?: string[] | null }>("GET", "/volumes", { query: { filters: formatFilters(filters) } });

export const inspectVolume = (client: Client, name: string) => client.json<Volume>("GET", at(name));

export const createVolume = (client: Client, body: { Name?: string; Driver?: string; DriverOpts?: Record<string, string>; Labels?: Record<string, string>; ClusterVolumeSpec?: object }) =>
  client.json<Volume>("POST", "/volumes/create", { json: body });

export const removeVolume = (client: Client, name: string, force: boolean) => client.send("DELETE", at(name), { query: { force: force || undefined } });

export const pruneVolumes = (client: Client, filters?: Filters) =>
  client.json<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }>("POST", "/volumes/prune", { query: { filters: formatFilters(filters) } });

const own = (name: string, rest: string) => `/hako/volumes/${encodeURIComponent(name)}${rest}`;

export const renameVolume = (client: Client, name: string, newName: string) => client.send("POST", own(name, "/rename"), { query: { name: newName } });

export const saveVolume = (client: Client, name: string): Promise<Answer> => client.request("GET", own(name, "/archive"));

export const loadVolume = (client: Client, name: string, body: AsyncIterable<Uint8Array>): Promise<Answer> => client.request("PUT", own(name, "/archive"), { body, headers: { "Content-Type": "application/x-tar" } });
