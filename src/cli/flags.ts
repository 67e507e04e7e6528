import "./core.ts";
/** How a flag's value is checked when it is parsed; the name is what help shows, as in docker. */
export type FlagType =
  | "bool" | "string" | "int" | "uint16" | "uint" | "bytes" | "swap" | "duration" | "decimal"
  | "list" | "strings" | "map" | "filter" | "mount" | "network" | "pairs" | "ulimit" | "gpu-request";

export interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly type: FlagType;
  readonly help: string;
  /** Shown in help as `(default …)`. */
  readonly default?: string;
  readonly hidden?: boolean;
  /** Its value when none is given; with it, a value needs `=`. */
  readonly bare?: string;
  /** Docker calls it a list and takes one value. */
  readonly once?: true;
}

const REPEATED: ReadonlySet<FlagType> = new Set(["list", "strings", "map", "filter", "mount", "network", "ulimit", "gpu-request"]);

export const isRepeated = (type: FlagType): boolean => REPEATED.has(type);

/** The flags of one invocation, by name; asking for one that the table does not have is a mistake of ours. */
export class Flags {
  readonly #values = new Map<string, string[]>();
  /** `run` asks for a hundred flags, on the path that must be quick. */
  readonly #byName = new Map<string, Flag>();

  constructor(readonly table: readonly Flag[]) {
    for (const flag of table) this.#byName.set(flag.name, flag);
  }

  set(flag: Flag, value: string): void {
    const values = isRepeated(flag.type) ? this.#values.get(flag.name) : undefined;
    if (values) values.push(value);
    else this.#values.set(flag.name, [value]);
  }

  changed(name: string): boolean {
    this.#find(name);
    return this.#values.has(name);
  }

  bool(name: string): boolean {
    const value = this.string(name);
    return value === undefined ? this.#find(name).default === "true" : value === "true";
  }

  string(name: string): string | undefined {
    this.#find(name);
    return this.#values.get(name)?.[0];
  }

  number(name: string): number | undefined {
    const value = this.string(name);
    return value === undefined ? undefined : Number(value);
  }

  list(name: string): readonly string[] {
    this.#find(name);
    return this.#values.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  find(name: string): Flag | undefined {
    return this.#byName.get(name);
  }

  #find(name: string): Flag {
    const flag = this.#byName.get(name);
    if (!flag) throw new Error(`the command's table has no flag --${name}`);
    return flag;
  }
}

export const flagTitle = (flag: Flag): string => (flag.short ? `-${flag.short}, --${flag.name}` : `--${flag.name}`);

/** What help calls a flag's value. */
export const typeName = (type: FlagType): string => (type === "swap" ? "bytes" : type === "pairs" ? "stringToString" : type);
