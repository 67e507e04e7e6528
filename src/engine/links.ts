import { EngineError } from "../base/mod.ts";
import type { HostConfig } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { linkEnv } from "./link-env.ts";
import { shortId, type ContainerRecord } from "./record.ts";
import { isRunning } from "./state.ts";

interface Link {
  readonly alias: string;
  readonly other: ContainerRecord;
  readonly ip: string | undefined;
}

/**
 * `--link name[:alias]`: the other container by its alias, id and name, as `names:address` for the hosts file.
 * @throws EngineError Conflict for one that does not run, as in Docker
 */
export function linkedHosts(ctx: EngineContext, record: ContainerRecord): string[] {
  return linksOf(ctx, record).flatMap(({ alias, other, ip }) => (ip === undefined ? [] : [`${[...new Set([alias, shortId(other.id), other.name])].join(" ")}:${ip}`]));
}

/** What a process finds in its environment of the containers its own is linked to. */
export function linkedEnv(ctx: EngineContext, record: ContainerRecord): string[] {
  return linksOf(ctx, record).flatMap(({ alias, other, ip }) => (ip === undefined ? [] : linkEnv(record.name, { alias, ip, config: other.config })));
}

/** As inspect shows them: `/name:/own name/alias`. */
export function shownLinks({ name, hostConfig }: ContainerRecord): string[] | null {
  const links = linksOnBridge(hostConfig);
  return links.length > 0 ? links.map((link) => parseLink(link)).map(({ ref, alias }) => `/${ref}:/${name}/${alias}`) : null;
}

/** On a network that a user made a link is one more name that the resolver knows, whether the other runs or not. */
export const linksOnBridge = ({ Links: links, NetworkMode: mode }: Pick<HostConfig, "Links" | "NetworkMode">): readonly string[] => (["", "default", "bridge"].includes(mode ?? "") ? (links ?? []) : []);

function linksOf(ctx: EngineContext, { name, hostConfig }: ContainerRecord): Link[] {
  return linksOnBridge(hostConfig).map((link) => {
    const { ref, alias } = parseLink(link);
    const other = ctx.containers.resolve(ref);
    if (!isRunning(other.state)) throw new EngineError("Conflict", `Cannot link to a non running container: /${other.name} AS /${name}/${alias}`);
    return { alias, other, ip: ctx.network.endpoints(other.id).find(({ networkId }) => networkId === ctx.network.bridge.id)?.ip };
  });
}

function parseLink(link: string): { ref: string; alias: string } {
  const [ref = "", alias] = link.replace(/^\//, "").split(":");
  return { ref, alias: alias?.split("/").at(-1) || ref };
}

/** @throws EngineError InvalidParameter, in Docker's words, for a link to a container that is not there */
export function requireLinked(links: readonly string[], find: (ref: string) => unknown): void {
  for (const link of links) {
    if (link === "") throw new EngineError("InvalidParameter", "empty string specified for links");
    if (link.split(":").length > 2) throw new EngineError("InvalidParameter", `bad format for links: ${link.slice(0, 200)}`);
    const { ref } = parseLink(link);
    const refuse = (why: string): never => {
      throw new EngineError("InvalidParameter", `could not get container for ${ref.slice(0, 128)}: ${why}`);
    };
    if (ref === "") refuse('invalid name or ID supplied: ""');
    if (find(ref) === undefined) refuse(`No such container: ${ref.slice(0, 128)}`);
  }
}
