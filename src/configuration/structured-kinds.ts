import { isIPv6 } from "node:net";
import type { JsonNode } from "./json-document.ts";
import { INTEGER, list, map, membersOf, pair, requireCIDR, ValueProblem, type Kind } from "./kinds.ts";

/** Settings whose values have fields of their own. */

export interface UlimitSetting {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

const ULIMITS = new Set(["core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"]);

/** `{"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}`; `nofile=1024:2048` as a word. */
export const ULIMIT_MAP: Kind<Readonly<Record<string, UlimitSetting>>> = {
  ...map<UlimitSetting>({
    title: "ulimit",
    inFile: '`{"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}`',
    value: ulimitOf,
    entry: (word) => {
      const limit = parseUlimit(word);
      return [limit.Name, limit];
    },
    show: ({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`,
  }),
  fromNode: (node) => Object.fromEntries(membersOf(node).map(({ name, value }) => [name, ulimitOf(value, name)])),
};

function ulimitOf(node: JsonNode, named = ""): UlimitSetting {
  const fields = new Map(membersOf(node).map(({ name, value }) => [name, value]));
  for (const { name, at } of membersOf(node)) if (!["Name", "Soft", "Hard"].includes(name)) throw new ValueProblem(`unknown field "${name.slice(0, 64)}": an ulimit has Name, Soft and Hard`, at);
  const number = (name: string): number | undefined => {
    const value = fields.get(name);
    return value === undefined ? undefined : INTEGER.fromNode(value);
  };
  const name = fields.get("Name");
  const written = name?.kind === "string" ? name.value : named;
  const soft = number("Soft") ?? 0;
  try {
    return checkedUlimit({ Name: written || named, Soft: soft, Hard: number("Hard") ?? soft });
  } catch (error) {
    throw error instanceof ValueProblem && error.at === undefined ? new ValueProblem(error.message, node.at) : error;
  }
}

function parseUlimit(word: string): UlimitSetting {
  const match = /^([^=]+)=(-?\d+)(?::(-?\d+))?$/.exec(word);
  if (!match) throw new ValueProblem(`invalid ulimit argument: ${word.slice(0, 64)}`);
  const soft = Number(match[2]);
  return checkedUlimit({ Name: match[1] ?? "", Soft: soft, Hard: match[3] === undefined ? soft : Number(match[3]) });
}

function checkedUlimit(limit: UlimitSetting): UlimitSetting {
  const { Name: name, Soft: soft, Hard: hard } = limit;
  if (!ULIMITS.has(name)) throw new ValueProblem(`invalid ulimit type: ${name.slice(0, 64)}`);
  if (hard !== -1 && (soft > hard || soft === -1)) throw new ValueProblem(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  return limit;
}

export interface RuntimeEntry {
  readonly path?: string;
  readonly runtimeArgs?: readonly string[];
  readonly runtimeType?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** `{"crun": {"path": "/usr/bin/crun"}}`; `crun=/usr/bin/crun` as a word. */
export function runtimeMap(plain: (node: JsonNode) => unknown): Kind<Readonly<Record<string, RuntimeEntry>>> {
  const kind = map<RuntimeEntry>({
    title: "runtime",
    inFile: '`{"crun": {"path": "/usr/bin/crun", "runtimeArgs": []}}`',
    value: (node) => runtimeOf(node, plain),
    entry: (word) => {
      const at = word.indexOf("=");
      if (at < 1 || at === word.length - 1) throw new ValueProblem(`invalid runtime argument: ${word.slice(0, 64)}`);
      return [requireUnreserved(word.slice(0, at).trim()), { path: word.slice(at + 1).trim() }];
    },
    show: ({ path, runtimeType }) => path ?? runtimeType ?? "",
  });
  return {
    ...kind,
    fromNode: (node) => {
      for (const { name, at } of membersOf(node)) {
        try {
          requireUnreserved(name);
        } catch (error) {
          throw error instanceof ValueProblem ? new ValueProblem(error.message, at) : error;
        }
      }
      return kind.fromNode(node);
    },
  };
}

function requireUnreserved(name: string): string {
  if (name === "runc" || name.startsWith("io.containerd.")) throw new ValueProblem(`runtime name '${name}' is reserved`);
  return name;
}

const RUNTIME_FIELDS = ["path", "runtimeArgs", "runtimeType", "options"];

function runtimeOf(node: JsonNode, plain: (node: JsonNode) => unknown): RuntimeEntry {
  for (const { name, at } of membersOf(node)) if (!RUNTIME_FIELDS.includes(name)) throw new ValueProblem(`unknown field "${name.slice(0, 64)}": a runtime has ${RUNTIME_FIELDS.join(", ")}`, at);
  const field = (name: string): JsonNode | undefined => membersOf(node).findLast((member) => member.name === name)?.value;
  const string = (name: string): string | undefined => {
    const value = field(name);
    if (value === undefined || value.kind === "null") return undefined;
    if (value.kind !== "string") throw new ValueProblem(`${name} takes a string`, value.at);
    return value.value;
  };
  const path = string("path");
  const runtimeType = string("runtimeType");
  if (path && runtimeType) throw new ValueProblem("cannot have both a path and a runtimeType", node.at);
  if (!path && !runtimeType) throw new ValueProblem("a runtime needs a path or a runtimeType", node.at);
  const args = field("runtimeArgs");
  if (args && args.kind !== "null" && (args.kind !== "array" || args.items.some((item) => item.kind !== "string"))) throw new ValueProblem("runtimeArgs takes a list of strings", args.at);
  const options = field("options");
  if (options && options.kind !== "null" && options.kind !== "object") throw new ValueProblem("options takes an object", options.at);
  return {
    ...(path !== undefined && { path }),
    ...(runtimeType !== undefined && { runtimeType }),
    ...(args?.kind === "array" && { runtimeArgs: plain(args) as string[] }),
    ...(options?.kind === "object" && { options: plain(options) as Record<string, unknown> }),
  };
}

/** `{"ghcr.io": ["https://mirror.example"]}`; `ghcr.io=https://mirror.example` as a word, one for each mirror. */
export function listMap(accept: (value: string) => void): Kind<Readonly<Record<string, readonly string[]>>> {
  const values = list(accept);
  const kind = map<readonly string[]>({
    inFile: "an object of lists of strings",
    value: values.fromNode,
    entry: (word) => {
      const [name, value] = pair(word);
      return [name, values.fromWords([value])];
    },
    show: values.show,
  });
  return {
    ...kind,
    fromWords: (words) => {
      const found = new Map<string, readonly string[]>();
      for (const [name, value] of words.map((word) => pair(word))) found.set(name, [...(found.get(name) ?? []), ...values.fromWords([value])]);
      return Object.fromEntries(found);
    },
  };
}

export interface PoolSetting {
  readonly base: string;
  readonly size: number;
}

/** `[{"base": "10.10.0.0/16", "size": 24}]`; `base=10.10.0.0/16,size=24` as a word. */
export const POOLS: Kind<readonly PoolSetting[]> = {
  title: "pool-options",
  flagType: "list",
  inFile: '`[{"base": "10.10.0.0/16", "size": 24}]`',
  fromNode: (node) => {
    if (node.kind !== "array") throw new ValueProblem("it takes a list of pools", node.at);
    return node.items.map((item) => {
      const fields = Object.fromEntries(membersOf(item).map(({ name, value }) => [name, value]));
      const base = fields["base"];
      if (base?.kind !== "string") throw new ValueProblem('a pool needs a "base" such as "10.10.0.0/16"', (base ?? item).at);
      return locatedPool(item, { base: base.value, size: fields["size"] ? INTEGER.fromNode(fields["size"]) : 0 });
    });
  },
  fromWords: (words) => words.map((word) => {
    const fields = word.split(",").map((part) => pair(part));
    for (const [name, value] of fields) if (name !== "base" && name !== "size") throw new ValueProblem(`unexpected key '${name}' in '${name}=${value}'`);
    const field = (name: string): string => fields.findLast(([written]) => written === name)?.[1] ?? "";
    return checkedPool({ base: field("base"), size: Number(field("size")) });
  }),
  show: (pools) => `[${pools.map(({ base, size }) => `{${base} ${size}}`).join(" ")}]`,
};

function locatedPool(node: JsonNode, pool: PoolSetting): PoolSetting {
  try {
    return checkedPool(pool);
  } catch (error) {
    throw error instanceof ValueProblem ? new ValueProblem(error.message, node.at) : error;
  }
}

function checkedPool(pool: PoolSetting): PoolSetting {
  const [address = "", length = ""] = pool.base.split("/");
  // Pools of IPv6 are for networks that there are none of yet; a file that has some is not wrong.
  if (isIPv6(address) && /^\d{1,3}$/.test(length) && Number(length) <= 128) return pool;
  requireCIDR(pool.base);
  const prefix = Number(length);
  if (!(pool.size >= prefix && pool.size <= 30)) throw new ValueProblem(`invalid pool size ${pool.size}: it is the prefix of each network, from ${prefix} (the base's) to 30`);
  return pool;
}
