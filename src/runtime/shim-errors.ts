import { EngineError } from "../base/mod.ts";
import { PLAN_OP_LAYOUTS, type PlanOp } from "./ops.gen.ts";

export type OpName = PlanOp["op"];

/** A process that could not be started: the operation of the plan that failed, and why. */
export class StartError extends EngineError {
  override readonly name = "StartError";

  constructor(
    /** Undefined: the shim refused the plan, or failed outside of any operation. */
    readonly op: OpName | undefined,
    readonly errno: number,
    /** As `ENOENT`. */
    readonly code: string,
    /** The shim's own words: usually the path it worked on. */
    readonly detail: string,
  ) {
    super("System", `start failed${op ? ` at ${op}` : ""}: ${detail === "" ? code : `${detail}: ${code}`}`);
  }
}

/** The shim went away without a word about its process (killed, or out of memory). */
export class ShimLostError extends EngineError {
  constructor(message: string) {
    super("System", message);
    this.name = "ShimLostError";
  }
}

/** The shim answered a command with an errno; ESRCH also when the process, or the shim, is gone. */
export class ShimCommandError extends EngineError {
  constructor(
    readonly command: string,
    readonly errno: number,
  ) {
    super("System", `the container's monitor could not ${command}: errno ${errno}`);
    this.name = "ShimCommandError";
  }
}

const NAMES = new Map<number, OpName>(Object.entries(PLAN_OP_LAYOUTS).map(([name, layout]) => [layout.code, name as OpName]));

export function opName(code: number): OpName | undefined {
  return NAMES.get(code);
}
