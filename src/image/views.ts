import { parseReference, familiarRepository, type ImageHistoryItem, type ImageInspect, type ImageSummary } from "../spec/mod.ts";
import type { InUse } from "./image.ts";
import { splitNames, type ImageRow, type ImageStore } from "./store.ts";
import { layerFolders } from "./graph-driver.ts";

/** Docker Engine API v1.51, ImageSummary, with the names that `shows` lets through. */
export function summaryOf(store: ImageStore, row: ImageRow, inUse: InUse | undefined, shows: (name: string) => boolean = () => true): ImageSummary {
  const { config } = store.parsed(row);
  const { repoTags, repoDigests } = splitNames(store.names(row.id).filter(shows));
  return {
    Containers: inUse ? inUse(row.id).length : -1,
    Created: Math.floor(row.created_ms / 1000),
    Id: row.id,
    Labels: (config.config?.Labels ?? null) as Record<string, string>,
    ParentId: row.parent ?? "",
    RepoDigests: repoDigests,
    RepoTags: repoTags,
    SharedSize: -1,
    Size: row.size,
  };
}

const ALWAYS_SHOWN = { Cmd: null, Entrypoint: null, Env: null, Labels: null, OnBuild: null, User: "", Volumes: null, WorkingDir: "" };

/** ImageInspect. Docker always shows these eight fields of the config, others only where the image has them. */
export function inspectOf(store: ImageStore, row: ImageRow): ImageInspect {
  const { config } = store.parsed(row);
  const { repoTags, repoDigests } = splitNames(store.names(row.id));
  const shown = { ...ALWAYS_SHOWN, ...shownFields(config.config ?? {}) };
  return {
    Id: row.id,
    RepoTags: repoTags,
    RepoDigests: repoDigests,
    Parent: row.parent ?? "",
    Comment: config.comment || config.history?.at(-1)?.comment || "",
    ...(config.created !== undefined && { Created: config.created }),
    DockerVersion: config.docker_version ?? "",
    Author: config.author ?? "",
    Config: shown as unknown as NonNullable<ImageInspect["Config"]>,
    Architecture: config.architecture,
    ...(config.variant !== undefined && { Variant: config.variant }),
    Os: config.os,
    ...(config["os.version"] !== undefined && { OsVersion: config["os.version"] }),
    Size: row.size,
    GraphDriver: { Name: "overlay2", Data: layerFolders(store, row.id) },
    RootFS: { Type: "layers", ...(config.rootfs.diff_ids.length > 0 && { Layers: config.rootfs.diff_ids }) },
    Metadata: { LastTagTime: row.last_tagged ?? "0001-01-01T00:00:00Z" },
  };
}

/** Fields that API 1.51 shows only where an image has them; what older Dockers stored besides stays unsaid. */
const SHOWN_WHEN_SET = new Set(["ExposedPorts", "StopSignal", "Shell", "Healthcheck", "ArgsEscaped"]);

function shownFields(config: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([key, value]) => value !== undefined && (key in ALWAYS_SHOWN || (SHOWN_WHEN_SET.has(key) && !isEmpty(value)))));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === "" || value === false || (typeof value === "object" && Object.keys(value).length === 0);
}

/** One line per history entry, newest first; only the newest has an id on this machine. */
export function historyOf(store: ImageStore, row: ImageRow): ImageHistoryItem[] {
  const { config } = store.parsed(row);
  const layers = store.layers(row.id);
  const tags = splitNames(store.names(row.id)).repoTags;
  let next = 0;
  const items = (config.history ?? []).map((entry): ImageHistoryItem => {
    const size = entry.empty_layer ? 0 : (layers[next++]?.size ?? 0);
    return { Comment: entry.comment ?? "", Created: secondsOf(entry.created), CreatedBy: entry.created_by ?? "", Id: "<missing>", Size: size, Tags: null as unknown as string[] };
  });
  const newest = items.at(-1);
  if (newest) Object.assign(newest, { Id: row.id, Tags: tags.length > 0 ? tags : null });
  return items.reverse();
}

/** Docker shows the year 1 for an entry without a time. */
const YEAR_ONE_SECONDS = -62135596800;

export function secondsOf(instant: string | undefined): number {
  const ms = instant === undefined ? Number.NaN : Date.parse(instant);
  return Number.isNaN(ms) ? YEAR_ONE_SECONDS : Math.floor(ms / 1000);
}

/** `debian` and `12` of `docker.io/library/debian:12`, for filters by reference. */
export function familiarParts(name: string): { repository: string; tag: string | undefined } {
  const reference = parseReference(name);
  return { repository: familiarRepository(reference), tag: reference.tag };
}

