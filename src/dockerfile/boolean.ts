import { InstructionError } from "./instruction-error.ts";

const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False"]);

/** strconv.ParseBool; undefined for any other word. */
export function booleanOf(value: string): boolean | undefined {
  if (TRUE.has(value)) return true;
  return FALSE.has(value) ? false : undefined;
}

/** @throws InstructionError naming the key */
export function parseBoolean(key: string, value: string): boolean {
  const flag = booleanOf(value);
  if (flag === undefined) throw new InstructionError(`invalid value for ${key}: ${value}`);
  return flag;
}
