import { PROGRAM } from "./command.ts";
import { UsageError } from "./failure.ts";

/** Checks the number of arguments, with docker's sentence. */
export function checkArguments(count: number, [min, max]: readonly [number, number?], path: readonly string[]): void {
  if (count >= min && (max === undefined || count <= max)) return;
  const name = `${PROGRAM}: '${[PROGRAM, ...path].join(" ")}'`;
  const plural = (amount: number) => `${amount} argument${amount === 1 ? "" : "s"}`;
  if (max === 0) throw new UsageError(`${name} accepts no arguments`, 1);
  if (max === min) throw new UsageError(`${name} requires ${plural(min)}`, 1);
  if (max === undefined) throw new UsageError(`${name} requires at least ${plural(min)}`, 1);
  if (min === 0) throw new UsageError(`${name} requires at most ${plural(max)}`, 1);
  throw new UsageError(`${name} requires at least ${min} and at most ${plural(max)}`, 1);
}
