import { EngineError } from "../../base/mod.ts";
import type { HostConfig } from "../../spec/mod.ts";

const CONTAINER = "container:";

/**
 * Modes that name another container hold its id from now on, so that a new name changes nothing. Whose network it is, is only
 * required at the start, as in Docker.
 * @throws EngineError InvalidParameter, in Docker's words
 */
export function resolveContainerModes(host: HostConfig, find: (ref: string) => { readonly id: string } | undefined): void {
  for (const field of ["PidMode", "IpcMode", "NetworkMode"] as const) {
    const mode = host[field] ?? "";
    if (!mode.startsWith(CONTAINER)) continue;
    const ref = mode.slice(CONTAINER.length);
    const other = find(ref);
    if (other) host[field] = `${CONTAINER}${other.id}`;
    else if (field !== "NetworkMode") throw new EngineError("InvalidParameter", `No such container: ${ref.slice(0, 128)}`);
  }
}
