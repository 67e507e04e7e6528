import { EngineError } from "../base/mod.ts";

/** One place in a JSON document, read as what it should be; an error names the place. */
export class JsonValue {
  constructor(
    private readonly value: unknown,
    private readonly where: string,
  ) {}

  /** Numbers beyond what a double holds exactly are bigints. @throws EngineError InvalidParameter */
  static parse(text: string, name: string): JsonValue {
    try {
      const exact = (_key: string, value: unknown, context?: { source?: string }): unknown =>
        typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "") ? BigInt(context?.source ?? 0) : value;
      return new JsonValue(JSON.parse(text, exact as (key: string, value: unknown) => unknown), name);
    } catch (error) {
      throw new EngineError("InvalidParameter", `${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Absent and null are the same, as for Go. */
  get present(): boolean {
    return this.value !== undefined && this.value !== null;
  }
  get raw(): unknown {
    return this.value;
  }

  at(key: string): JsonValue {
    const place = this.where === "" ? key : `${this.where}.${key}`;
    if (!this.present) return new JsonValue(undefined, place);
    if (typeof this.value !== "object" || Array.isArray(this.value)) throw this.wrong("an object");
    return new JsonValue(Object.hasOwn(this.value as object, key) ? (this.value as Record<string, unknown>)[key] : undefined, place);
  }

  keys(): string[] {
    if (!this.present) return [];
    if (typeof this.value !== "object" || Array.isArray(this.value)) throw this.wrong("an object");
    return Object.keys(this.value as object);
  }

  list(): JsonValue[] {
    if (!this.present) return [];
    if (!Array.isArray(this.value)) throw this.wrong("a list");
    return this.value.map((entry, index) => new JsonValue(entry, `${this.where}[${index}]`));
  }

  text(otherwise?: string): string {
    if (!this.present && otherwise !== undefined) return otherwise;
    if (typeof this.value !== "string" || this.value.includes("\0")) throw this.wrong("a text");
    return this.value;
  }

  texts(): string[] {
    return this.list().map((entry) => entry.text());
  }

  flag(): boolean {
    if (!this.present) return false;
    if (typeof this.value !== "boolean") throw this.wrong("true or false");
    return this.value;
  }

  integer(otherwise?: number): number {
    if (!this.present && otherwise !== undefined) return otherwise;
    if (typeof this.value === "bigint") return Number(this.value);
    if (typeof this.value !== "number" || !Number.isInteger(this.value)) throw this.wrong("a whole number");
    return this.value;
  }

  big(): bigint {
    return typeof this.value === "bigint" ? this.value : BigInt(this.integer());
  }

  /** `{key: read(value)}` when it is there, for objects with optional members. */
  maybe<Key extends string, Value>(key: Key, read: (value: JsonValue) => Value): Partial<Record<Key, Value>> {
    const value = this.at(key);
    return value.present ? ({ [key]: read(value) } as Record<Key, Value>) : {};
  }

  /** @throws when there is anything: a setting that would be passed over in silence */
  absent(reason: string): void {
    const empty = !this.present || this.value === "" || this.value === false || (typeof this.value === "object" && Object.keys(this.value as object).length === 0);
    if (!empty) throw new EngineError("NotImplemented", `${this.where}: ${reason}`);
  }

  wrong(expected: string): EngineError {
    return new EngineError("InvalidParameter", `${this.where}: ${this.present ? "not" : "missing:"} ${expected}`);
  }
}

export const asText = (value: JsonValue): string => value.text();
export const asInteger = (value: JsonValue): number => value.integer();
export const asFlag = (value: JsonValue): boolean => value.flag();
