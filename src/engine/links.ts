import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { shortId, type ContainerRecord } from "./record.ts";
import { isRunning } from "./state.ts";

/**
 * `--link name[:alias]`: the other container by its alias, id and name, as `names:address` for the hosts file.
 * @throws EngineError Conflict for one that does not run, as in Docker
 */
export function linkedHosts(ctx: EngineContext, { name, hostConfig }: ContainerRecord): string[] {
  return (hostConfig.Links ?? []).flatMap((link) => {
    const [ref = "", alias = ref] = link.replace(/^\//, "").split(":");
    const other = ctx.containers.resolve(ref);
    if (!isRunning(other.state)) throw new EngineError("Conflict", `Cannot link to a non running container: /${other.name} AS /${name}/${alias}`);
    const ip = ctx.network.endpoint(other.id)?.ip;
    return ip === undefined ? [] : [`${[...new Set([alias, shortId(other.id), other.name])].join(" ")}:${ip}`];
  });
}
