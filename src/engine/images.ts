import { EngineError } from "../base/mod.ts";
import type { ImageHistoryItem, ImageInspect, ImageSummary } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import type { Filters } from "./options.ts";
import type { DeleteResult } from "./ports.ts";
export async function listImages(_ctx: EngineContext, _options: { all?: boolean | undefined; filters?: Filters | undefined; sharedSize?: boolean | undefined } = {}): Promise<ImageSummary[]> { throw new EngineError("NotImplemented", "not yet"); }
export async function inspectImage(_ctx: EngineContext, _ref: string): Promise<ImageInspect> { throw new EngineError("NotImplemented", "not yet"); }
export async function imageHistory(_ctx: EngineContext, _ref: string): Promise<ImageHistoryItem[]> { throw new EngineError("NotImplemented", "not yet"); }
/** `repo` and `tag` as POST /images/{name}/tag hands them over. */
export async function tagImage(_ctx: EngineContext, _source: string, _target: { repo: string; tag?: string | undefined }): Promise<void> { throw new EngineError("NotImplemented", "not yet"); }
export async function removeImage(_ctx: EngineContext, _ref: string, _options: { force?: boolean | undefined; noPrune?: boolean | undefined } = {}): Promise<DeleteResult[]> { throw new EngineError("NotImplemented", "not yet"); }
/** Yields the JSON messages of POST /images/create?fromSrc=-. */
export function importImage(_ctx: EngineContext, _body: AsyncIterable<Uint8Array>, _options: { repo?: string | undefined; tag?: string | undefined; message?: string | undefined; changes?: string[] | undefined; platform?: string | undefined }): AsyncIterable<Record<string, unknown>> { throw new EngineError("NotImplemented", "not yet"); }
/** Yields the JSON messages of POST /images/load. */
export function loadImage(_ctx: EngineContext, _body: AsyncIterable<Uint8Array>, _options: { quiet?: boolean | undefined } = {}): AsyncIterable<Record<string, unknown>> { throw new EngineError("NotImplemented", "not yet"); }
export async function pruneImages(_ctx: EngineContext, _filters: Filters = {}): Promise<{ ImagesDeleted: DeleteResult[] | null; SpaceReclaimed: number }> { throw new EngineError("NotImplemented", "not yet"); }
