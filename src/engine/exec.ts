import { EngineError } from "../base/mod.ts";
import type { ExecCreateRequest, ExecInspect, ExecStartRequest } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import type { StreamSession } from "./hijack.ts";
export async function createExec(_ctx: EngineContext, _ref: string, _request: ExecCreateRequest): Promise<{ Id: string }> { throw new EngineError("NotImplemented", "not yet"); }
/** Undefined once a detached exec runs. */
export async function startExec(_ctx: EngineContext, _execId: string, _request: ExecStartRequest): Promise<StreamSession | undefined> { throw new EngineError("NotImplemented", "not yet"); }
export async function inspectExec(_ctx: EngineContext, _execId: string): Promise<ExecInspect> { throw new EngineError("NotImplemented", "not yet"); }
export async function resizeExec(_ctx: EngineContext, _execId: string, _height: number, _width: number): Promise<void> { throw new EngineError("NotImplemented", "not yet"); }
