import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { Filters } from "./options.ts";
export interface Volume { CreatedAt?: string; Driver: string; Labels: Record<string, string> | null; Mountpoint: string; Name: string; Options: Record<string, string> | null; Scope: "local"; UsageData?: { Size: number; RefCount: number } }
export interface VolumeCreateRequest { Name?: string; Driver?: string; DriverOpts?: Record<string, string>; Labels?: Record<string, string> }
export async function createVolume(_ctx: EngineContext, _request: VolumeCreateRequest): Promise<Volume> { throw new EngineError("NotImplemented", "not yet"); }
export async function listVolumes(_ctx: EngineContext, _filters: Filters = {}): Promise<{ Volumes: Volume[]; Warnings: string[] | null }> { throw new EngineError("NotImplemented", "not yet"); }
export async function inspectVolume(_ctx: EngineContext, _name: string): Promise<Volume> { throw new EngineError("NotImplemented", "not yet"); }
export async function removeVolume(_ctx: EngineContext, _name: string, _options: { force?: boolean | undefined } = {}): Promise<void> { throw new EngineError("NotImplemented", "not yet"); }
export async function pruneVolumes(_ctx: EngineContext, _filters: Filters = {}): Promise<{ VolumesDeleted: string[]; SpaceReclaimed: number }> { throw new EngineError("NotImplemented", "not yet"); }
