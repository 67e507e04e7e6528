import { EngineError } from "../../base/mod.ts";
import type { Dockerfile } from "../../dockerfile/mod.ts";
import type { BuildClient } from "../client.ts";
import type { Target } from "../frontend/convert.ts";
import type { Tell } from "../internal-vertex.ts";
import type { BuildDeps } from "../ports.ts";
import type { BuildRequest, BuildResult } from "../request.ts";
import type { LayerRef, Result } from "../solver/types.ts";
import { exportCaches } from "./caches.ts";
import { exportFiles } from "./files.ts";
import { exportImage } from "./image.ts";

/** One platform's result. */
export interface Exported {
  readonly target: Target;
  readonly layers: readonly LayerRef[];
}

export interface ExportOptions {
  readonly request: BuildRequest;
  readonly client: BuildClient;
  readonly tell: Tell;
  readonly signal: AbortSignal;
  /** RFC 3339. */
  readonly epoch: string | undefined;
  /** When the build began. */
  readonly startedMs: number;
  readonly file: Dockerfile;
}

/** Hands the results to every exporter that was asked for, one after the other; `everything` that was worked out is there for caches. */
export async function exportResults(deps: BuildDeps, results: readonly Exported[], everything: readonly Result[], options: ExportOptions): Promise<BuildResult> {
  let result: BuildResult = { imageId: undefined, descriptor: undefined, metadata: {} };
  for (const [index, exporter] of options.request.exporters.entries()) {
    const one = await exportOne(deps, results, exporter, index, options);
    result = { imageId: result.imageId ?? one.imageId, descriptor: result.descriptor ?? one.descriptor, metadata: { ...one.metadata, ...result.metadata } };
  }
  if (options.request.cacheTo.length === 0) return result;
  return { ...result, metadata: { ...result.metadata, ...(await exportCaches(deps, results, everything, options)) } };
}

const NOTHING: BuildResult = { imageId: undefined, descriptor: undefined, metadata: {} };

async function exportOne(deps: BuildDeps, results: readonly Exported[], exporter: BuildRequest["exporters"][number], index: number, options: ExportOptions): Promise<BuildResult> {
  switch (exporter.type) {
    case "image":
    case "registry":
    case "docker":
    case "oci":
      return await exportImage(deps, results, exporter, index, options);
    case "tar":
    case "local":
      await exportFiles(deps, results, exporter, index, options);
      return NOTHING;
    case "cacheonly":
      return NOTHING;
    default:
      exporter.type satisfies never;
      throw new EngineError("InvalidParameter", "unknown exporter");
  }
}
