import type { Digest, HistoryEntry, ImageConfig, ImageProcessConfig } from "../../spec/mod.ts";
import type { LayerRef } from "../solver/types.ts";

const FIELDS = ["User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal", "ArgsEscaped", "Healthcheck", "OnBuild", "Shell"] as const;

export interface CompleteConfigOptions {
  /** RFC 3339, of everything that this build adds; undefined: when the layers were made. */
  readonly epoch: string | undefined;
}

/** The config of an image of these layers. Without a fixed time nothing of this moment gets into it: a build that is all cached gives the same image again. */
export function completeConfig(draft: ImageConfig, layers: readonly LayerRef[], { epoch }: CompleteConfigOptions): ImageConfig {
  const times = layers.map(({ createdMs }) => (createdMs === undefined ? undefined : new Date(createdMs).toISOString()));
  const history = completeHistory(draft.history ?? [], times);
  const created = epoch ?? history.findLast((entry) => entry.created !== undefined)?.created ?? draft.created;
  const { architecture, os, variant, author } = draft;
  const diffIDs: Digest[] = layers.map(({ diffID }) => diffID);
  return {
    architecture,
    ...(author !== undefined && { author }),
    config: orderedConfig(draft.config ?? {}),
    ...(created !== undefined && { created }),
    history,
    os,
    rootfs: { type: "layers", diff_ids: diffIDs },
    ...(variant !== undefined && { variant }),
  };
}

function orderedConfig(config: ImageProcessConfig): ImageProcessConfig {
  return Object.fromEntries(FIELDS.filter((field) => !isEmpty(config[field])).map((field) => [field, config[field]]));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  return typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0;
}

/** As BuildKit's exporter: every layer has an entry, every entry a time. */
function completeHistory(written: readonly HistoryEntry[], times: readonly (string | undefined)[]): HistoryEntry[] {
  const history = written.map((entry) => ({ ...entry }));
  let surplus = history.filter(({ empty_layer: empty }) => !empty).length - times.length;
  for (const entry of history) {
    if (surplus <= 0) break;
    if (entry.empty_layer) continue;
    entry.empty_layer = true;
    surplus--;
  }
  let layer = 0;
  for (const entry of history) if (!entry.empty_layer) setTime(entry, times[layer++]);
  for (const time of times.slice(layer)) history.push({ ...(time !== undefined && { created: time }), comment: "buildkit.exporter.image.v0" });
  return fillTimes(history);
}

function setTime(entry: HistoryEntry, time: string | undefined): void {
  if (entry.created === undefined && time !== undefined) entry.created = time;
}

/** What has no time of its own has that of the layer before it; at the beginning, of the first one after it. */
function fillTimes(history: HistoryEntry[]): HistoryEntry[] {
  const firstMissing = history.findIndex(({ created }) => created === undefined);
  if (firstMissing < 0) return history;
  let time = history.slice(firstMissing).find(({ created }) => created !== undefined)?.created ?? history.findLast(({ created }) => created !== undefined)?.created;
  for (const entry of history.slice(firstMissing)) {
    if (entry.created === undefined) setTime(entry, time);
    else time = entry.created;
  }
  return history;
}
