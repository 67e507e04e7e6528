import { EngineError, messageOf } from "../base/mod.ts";
import { hasCode } from "../linux/mod.ts";
import type { Resources } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import type { Cgroup } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";
import { cgroupPlace } from "./spec-for/resources.ts";

/** A value that the kernel refuses is the request's mistake: these answers are about values. */
const ABOUT_VALUES = ["EINVAL", "ERANGE", "ENODEV", "EBUSY", "ENOSPC", "EDOM", "EOVERFLOW"] as const;
const WHERE = "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error setting cgroup config for procHooks process";

/** The control group that a container runs in, with its limits. @throws EngineError InvalidParameter, in Docker's words, for a limit that the kernel refuses */
export function makeCgroup(ctx: Pick<EngineContext, "cgroups">, record: ContainerRecord, resources: Resources): Cgroup {
  try {
    return ctx.cgroups.create(record.id, resources, cgroupPlace(record));
  } catch (error) {
    if (!hasCode(error, ...ABOUT_VALUES)) throw error;
    throw new EngineError("InvalidParameter", `${WHERE}: ${messageOf(error)}`, { cause: error });
  }
}
