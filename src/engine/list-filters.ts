import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { anyPatternMatches, booleanFilter, exactly, labelsMatch, onlyKnown } from "./filters.ts";
import { healthOf } from "./health/monitor.ts";
import type { Filters } from "./options.ts";
import type { ContainerRecord } from "./record.ts";
import { DOCKER_STATUSES, dockerStatus, exitCodeOf } from "./state.ts";

const KNOWN = ["ancestor", "before", "exited", "id", "isolation", "label", "name", "status", "health", "since", "volume", "network", "is-task", "publish", "expose"];
const HEALTH = ["none", "starting", "healthy", "unhealthy"];

/** Checks the filters once and returns what accepts a container. @throws EngineError InvalidParameter, NotFound (before, since) */
export function compileListFilters(ctx: EngineContext, filters: Filters): (record: ContainerRecord) => boolean {
  onlyKnown(filters, KNOWN);
  checkOneOf(filters, "status", "state", DOCKER_STATUSES);
  checkOneOf(filters, "health", "health", HEALTH);
  const isTask = booleanFilter(filters, "is-task");
  const codes = (filters["exited"] ?? []).map(parseExitCode);
  const before = (filters["before"] ?? []).map((ref) => ctx.containers.resolve(ref).sequence);
  const since = (filters["since"] ?? []).map((ref) => ctx.containers.resolve(ref).sequence);
  const ancestors = filters["ancestor"]?.length ? ancestorIds(ctx, filters["ancestor"]) : undefined;
  const ports = [...(filters["publish"] ?? []), ...(filters["expose"] ?? [])].map((text) => parsePortFilter(text));
  return (record) =>
    isTask !== true &&
    before.every((sequence) => record.sequence < sequence) &&
    since.every((sequence) => record.sequence > sequence) &&
    exactly(filters["status"], dockerStatus(record.state)) &&
    exactly(filters["health"], healthOf(ctx, record)?.status ?? "none") &&
    (codes.length === 0 || (record.state.status === "exited" && codes.includes(exitCodeOf(record.state)))) &&
    (ancestors === undefined || ancestors(record)) &&
    (!filters["id"]?.length || filters["id"].some((prefix) => record.id.startsWith(prefix))) &&
    anyPatternMatches(filters["name"], [`/${record.name}`, record.name]) &&
    labelsMatch(record.config.Labels ?? {}, filters) &&
    onNetwork(ctx, record, filters["network"]) &&
    hasVolume(record, filters["volume"]) &&
    (ports.length === 0 || exposesOne(record, ports));
}

function checkOneOf(filters: Filters, key: string, what: string, allowed: readonly string[]): void {
  for (const value of filters[key] ?? [])
    if (!allowed.includes(value)) throw new EngineError("InvalidParameter", `invalid filter '${key}=${value.slice(0, 64)}': invalid value for ${what} (${value.slice(0, 64)}): must be one of ${allowed.join(", ")}`);
}

function parseExitCode(text: string): number {
  if (!/^-?\d{1,10}$/.test(text)) throw new EngineError("InvalidParameter", `invalid filter 'exited=${text.slice(0, 64)}': strconv.Atoi: parsing ${JSON.stringify(text.slice(0, 64))}: invalid syntax`);
  return Number(text);
}

/** The image named and every image that stands on its layers. */
function ancestorIds(ctx: EngineContext, refs: readonly string[]): (record: ContainerRecord) => boolean {
  const images = refs.flatMap((ref) => {
    try {
      return [ctx.images.resolve(ref)];
    } catch {
      return [];
    }
  });
  const known = new Map<string, boolean>();
  return (record) => {
    const before = known.get(record.imageID);
    if (before !== undefined) return before;
    const is = images.some((image) => image.id === record.imageID || standsOn(ctx, record.imageID, image.layers));
    known.set(record.imageID, is);
    return is;
  };
}

function standsOn(ctx: EngineContext, imageID: string, layers: readonly number[]): boolean {
  try {
    const own = ctx.images.resolve(imageID).layers;
    return layers.length > 0 && layers.length <= own.length && layers.every((layer, index) => own[index] === layer);
  } catch {
    return false;
  }
}

function onNetwork(ctx: EngineContext, record: ContainerRecord, wanted: readonly string[] | undefined): boolean {
  if (!wanted?.length) return true;
  return Object.keys(record.networks).some((name) => wanted.some((text) => text === name || (text.length >= 12 && ctx.network.find(name)?.id.startsWith(text) === true)));
}

function hasVolume(record: ContainerRecord, wanted: readonly string[] | undefined): boolean {
  if (!wanted?.length) return true;
  return wanted.some((text) => record.mounts.some(({ source, destination }) => source === text || destination === text));
}

interface PortRange {
  readonly first: number;
  readonly last: number;
  readonly protocol: string;
}

/** `80`, `80/udp`, `80-90/tcp`. */
function parsePortFilter(text: string): PortRange {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (!match) throw new EngineError("InvalidParameter", `error while looking up for publish ${text.slice(0, 64)}: strconv.ParseUint: parsing ${JSON.stringify(text.slice(0, 64))}: invalid syntax`);
  return { first: Number(match[1]), last: Number(match[2] ?? match[1]), protocol: match[3] ?? "tcp" };
}

function exposesOne(record: ContainerRecord, ranges: readonly PortRange[]): boolean {
  return Object.keys(record.config.ExposedPorts ?? {}).some((port) => {
    const [number = "", protocol = "tcp"] = port.split("/");
    return ranges.some((range) => range.protocol === protocol && Number(number) >= range.first && Number(number) <= range.last);
  });
}

