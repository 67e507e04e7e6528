import type { ContainerCreateRequest, ContainerInspect, ContainerSummary, HostConfig, Reach } from "../spec/mod.ts";
import { formatFilters, readText, type Answer, type Client, type Filters, type RequestOptions } from "./client.ts";
import { readJsonLines } from "./json-lines.ts";
import type { Connection } from "./connection.ts";
import { ownSession } from "./own-session.ts";

const at = (ref: string, rest = "") => `/containers/${encodeURIComponent(ref)}${rest}`;

export interface CreateResult {
  Id: string;
  Warnings?: string[] | null;
}

export const createContainer = (client: Client, body: ContainerCreateRequest, options: { name?: string | undefined; platform?: string | undefined } = {}) =>
  client.json<CreateResult>("POST", "/containers/create", { query: { name: options.name, platform: options.platform }, json: body });

export const startContainer = (client: Client, ref: string, detachKeys?: string) => client.send("POST", at(ref, "/start"), { query: { detachKeys } });

export const stopContainer = (client: Client, ref: string, options: { signal?: string | undefined; timeoutSeconds?: number | undefined }) =>
  client.send("POST", at(ref, "/stop"), { query: { signal: options.signal, t: options.timeoutSeconds } });

export const restartContainer = (client: Client, ref: string, options: { signal?: string | undefined; timeoutSeconds?: number | undefined }) =>
  client.send("POST", at(ref, "/restart"), { query: { signal: options.signal, t: options.timeoutSeconds } });

export const killContainer = (client: Client, ref: string, signal?: string) => client.send("POST", at(ref, "/kill"), { query: { signal } });
export const pauseContainer = (client: Client, ref: string) => client.send("POST", at(ref, "/pause"));
export const unpauseContainer = (client: Client, ref: string) => client.send("POST", at(ref, "/unpause"));
export const renameContainer = (client: Client, ref: string, name: string) => client.send("POST", at(ref, "/rename"), { query: { name } });

export const removeContainer = (client: Client, ref: string, options: { force?: boolean; removeVolumes?: boolean; link?: boolean } = {}) =>
  client.send("DELETE", at(ref), { query: { force: options.force || undefined, v: options.removeVolumes || undefined, link: options.link || undefined } });

export const resizeContainer = (client: Client, ref: string, rows: number, columns: number) => client.send("POST", at(ref, "/resize"), { query: { h: rows, w: columns } });

export const listContainers = (client: Client, options: { all?: boolean; limit?: number | undefined; size?: boolean; filters?: Filters } = {}) =>
  client.json<ContainerSummary[]>("GET", "/containers/json", {
    query: { all: options.all || undefined, limit: options.limit, size: options.size || undefined, filters: formatFilters(options.filters) },
  });

export const inspectContainer = (client: Client, ref: string, size = false) => client.json<ContainerInspect>("GET", at(ref, "/json"), { query: { size: size || undefined } });

export interface FileChange {
  /** 0 changed, 1 added, 2 deleted. */
  readonly Kind: number;
  readonly Path: string;
}

/** What the container has changed in its root; null when that is nothing. */
export const containerChanges = (client: Client, ref: string) => client.json<FileChange[] | null>("GET", at(ref, "/changes"));

export const topContainer = (client: Client, ref: string, psArgs?: string) =>
  client.json<{ Titles: string[]; Processes: string[][] | null }>("GET", at(ref, "/top"), { query: { ps_args: psArgs } });

export interface WaitResult {
  StatusCode: number;
  Error?: { Message?: string } | null;
}

export type WaitCondition = "not-running" | "next-exit" | "removed";

/** Resolves once the engine has registered the wait; the result comes later. */
export async function waitContainer(client: Client, ref: string, condition?: WaitCondition): Promise<{ result: Promise<WaitResult> }> {
  const answer = await client.request("POST", at(ref, "/wait"), { query: { condition } });
  const result = readText(answer.body).then((text) => JSON.parse(text) as WaitResult);
  result.catch(() => undefined); // whoever needs it awaits it; others must not die of it
  return { result };
}

export interface AttachStreams {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly logs?: boolean;
  readonly detachKeys?: string | undefined;
}

export function attachContainer(client: Client, ref: string, streams: AttachStreams): Promise<{ connection: Connection }> {
  const flag = (value: boolean | undefined) => (value ? true : undefined);
  return client.hijack(at(ref, "/attach"), {
    query: {
      stream: true,
      stdin: flag(streams.stdin),
      stdout: flag(streams.stdout),
      stderr: flag(streams.stderr),
      logs: flag(streams.logs),
      detachKeys: streams.detachKeys,
    },
  });
}

/** Attaches, starts and waits in one; the last frame has the WaitResult. */
export const joinContainer = (client: Client, ref: string, { stdin, stdout, stderr }: AttachStreams, condition: WaitCondition) =>
  ownSession(client, at(ref, "/run"), { query: { stdin: stdin || undefined, stdout: stdout || undefined, stderr: stderr || undefined, condition } });

/** Answers of GET /containers/{id}/stats, as far as the command line reads them. */
export interface ContainerStats {
  readonly name?: string;
  readonly id?: string;
  readonly pids_stats?: { readonly current?: number };
  readonly blkio_stats?: { readonly io_service_bytes_recursive?: readonly { readonly op?: string; readonly value?: number }[] | null };
  readonly cpu_stats?: CpuStats;
  readonly precpu_stats?: CpuStats;
  readonly memory_stats?: { readonly usage?: number; readonly limit?: number; readonly stats?: Readonly<Record<string, number>> };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes?: number; readonly tx_bytes?: number }>>;
}
export interface CpuStats {
  readonly cpu_usage?: { readonly total_usage?: number; readonly percpu_usage?: readonly number[] | null };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

/** One look that tells the use of the processor: it takes about a second. */
export const containerStats = (client: Client, ref: string) => client.json<ContainerStats>("GET", at(ref, "/stats"), { query: { stream: false } });

/** One answer per second until the container is removed. */
export async function* streamStats(client: Client, ref: string, signal?: AbortSignal): AsyncGenerator<ContainerStats, void, void> {
  const answer = await client.request("GET", at(ref, "/stats"), { query: { stream: true }, ...(signal && { signal }) });
  yield* readJsonLines<ContainerStats>(answer.body);
}

export const updateContainer = (client: Client, ref: string, change: HostConfig) => client.json<{ Warnings?: string[] | null }>("POST", at(ref, "/update"), { json: change });

export const changeLabels = (client: Client, ref: string, change: { Add?: Record<string, string>; Remove?: readonly string[] }) => client.send("POST", `/hako${at(ref, "/labels")}`, { json: change });

export const changePorts = (client: Client, ref: string, change: { Add?: HostConfig["PortBindings"]; Remove?: HostConfig["PortBindings"] }) => client.send("POST", `/hako${at(ref, "/ports")}`, { json: change });

export const containerReach = (client: Client, ref: string, port?: string) => client.json<Reach>("GET", `/hako${at(ref, "/reach")}`, { query: { ...(port !== undefined && { port }) } });

export interface LogsQuery {
  readonly follow?: boolean;
  readonly timestamps?: boolean;
  readonly details?: boolean;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly tail?: string | undefined;
}

export const containerLogs = (client: Client, ref: string, query: LogsQuery): Promise<Answer> =>
  client.request("GET", at(ref, "/logs"), {
    query: {
      stdout: true,
      stderr: true,
      follow: query.follow || undefined,
      timestamps: query.timestamps || undefined,
      details: query.details || undefined,
      since: query.since,
      until: query.until,
      tail: query.tail,
    },
  });

/** Hakobune's own: empties the log. */
export const clearLogs = (client: Client, ref: string) => client.send("POST", `/hako${at(ref, "/logs/clear")}`);

export const pruneContainers = (client: Client, filters?: Filters) =>
  client.json<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }>("POST", "/containers/prune", { query: { filters: formatFilters(filters) } });

/** ContainerPathStat of Docker's API. */
export interface PathStat {
  name: string;
  size: number;
  /** Go's os.FileMode. */
  mode: number;
  mtime: string;
  linkTarget: string;
}

/** @throws ApiError; the head of an answer says no more than its status */
export async function statPath(client: Client, ref: string, path: string): Promise<PathStat> {
  const answer = await client.request("HEAD", at(ref, "/archive"), { query: { path } });
  await readText(answer.body);
  return pathStatOf(answer);
}

/** A tar of the path. */
export async function readArchive(client: Client, ref: string, path: string): Promise<{ stat: PathStat; answer: Answer }> {
  const answer = await client.request("GET", at(ref, "/archive"), { query: { path } });
  return { stat: pathStatOf(answer), answer };
}

export const writeArchive = (client: Client, ref: string, path: string, body: Pick<RequestOptions, "body" | "writeBody">, copyUIDGID: boolean) =>
  client.send("PUT", at(ref, "/archive"), { query: { path, noOverwriteDirNonDir: "true", copyUIDGID: copyUIDGID ? "true" : undefined }, ...body, headers: { "Content-Type": "application/x-tar" } });

function pathStatOf({ headers }: Answer): PathStat {
  const text = headers.get("x-docker-container-path-stat");
  if (text === undefined) throw new Error("unable to decode container path stat header: it is missing");
  return JSON.parse(Buffer.from(text, "base64").toString()) as PathStat;
}

export const exportContainer = (client: Client, ref: string): Promise<Answer> => client.request("GET", at(ref, "/export"));

export interface CommitQuery {
  readonly container: string;
  readonly repo?: string | undefined;
  readonly tag?: string | undefined;
  readonly comment?: string | undefined;
  readonly author?: string | undefined;
  readonly changes?: readonly string[] | undefined;
  readonly pause: boolean;
}

export const commitContainer = (client: Client, query: CommitQuery) => client.json<{ Id: string }>("POST", "/commit", { query: { ...query, pause: query.pause ? undefined : "0" } });
