import { InstructionError } from "./instruction-error.ts";
import { suggestion } from "./suggest.ts";

/** What a flag takes: a word, yes or no, or a word each time it is given. */
type FlagKind = "text" | "switch" | "list";
export type FlagTable = Readonly<Record<string, FlagKind>>;

export class Flags {
  readonly #values = new Map<string, string[]>();

  /** @throws InstructionError for an unknown flag, one given twice, one without a value */
  constructor(written: readonly string[], table: FlagTable) {
    for (const flag of written) this.#add(flag, table);
  }

  text(name: string): string {
    return this.#values.get(name)?.[0] ?? "";
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  isOn(name: string): boolean {
    return this.text(name) === "true";
  }

  #add(flag: string, table: FlagTable): void {
    const equals = flag.indexOf("=");
    const option = equals < 0 ? flag : flag.slice(0, equals);
    const value = equals < 0 ? undefined : flag.slice(equals + 1);
    const name = option.slice(2);
    const kind = Object.hasOwn(table, name) ? table[name] : undefined;
    if (kind === undefined) throw new InstructionError(`unknown flag: ${option}${suggestion(name, Object.keys(table))}`, option);
    const before = this.#values.get(name);
    if (before !== undefined && kind !== "list") throw new InstructionError(`duplicate flag specified: ${option}`, option);
    if (kind === "switch" ? value === "" : value === undefined) throw new InstructionError(`missing a value on flag: ${option}`, option);
    this.#values.set(name, [...(before ?? []), kind === "switch" ? switched(option, value) : (value ?? "")]);
  }
}

function switched(option: string, value = "true"): string {
  const lower = value.toLowerCase();
  if (lower !== "true" && lower !== "false") throw new InstructionError(`expecting boolean value for flag ${option}, not: ${value}`, option);
  return lower;
}
