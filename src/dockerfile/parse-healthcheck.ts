import type { HealthConfig } from "../spec/mod.ts";
import { parseDuration } from "./duration.ts";
import { Flags } from "./flags.ts";
import { InstructionError } from "./instruction-error.ts";
import type { RawInstruction } from "./raw-instruction.ts";
import { quoted } from "./text.ts";

const FLAGS = { interval: "text", timeout: "text", "start-period": "text", "start-interval": "text", retries: "text" } as const;
const SHORTEST_NS = 1e6;

/** @throws InstructionError in Docker's words */
export function parseHealthcheck({ words, json, flags }: RawInstruction): HealthConfig {
  const [written, ...rest] = words;
  if (written === undefined) throw new InstructionError("HEALTHCHECK requires at least one argument");
  const type = written.toUpperCase();
  if (type === "NONE") {
    if (rest.length > 0) throw new InstructionError("HEALTHCHECK NONE takes no arguments");
    return { Test: ["NONE"] };
  }
  const given = new Flags(flags, FLAGS);
  if (type !== "CMD") throw new InstructionError(`Unknown type ${quoted(type)} in HEALTHCHECK (try CMD)`);
  if (rest.length === 0) throw new InstructionError("Missing command after HEALTHCHECK CMD");
  const config: HealthConfig = { Test: [json ? "CMD" : "CMD-SHELL", ...(json ? rest : [rest.join(" ")])] };
  const durations = { Interval: "interval", Timeout: "timeout", StartPeriod: "start-period", StartInterval: "start-interval" } as const;
  for (const [field, flag] of Object.entries(durations) as [keyof typeof durations, string][]) {
    const ns = nanoseconds(flag, given.text(flag));
    if (ns !== 0) config[field] = ns;
  }
  const retries = retryCount(given.text("retries"));
  if (retries !== 0) config.Retries = retries;
  return config;
}

function nanoseconds(flag: string, value: string): number {
  if (value === "") return 0;
  const ns = durationOf(value);
  if (ns !== 0 && ns < SHORTEST_NS) throw new InstructionError(`Interval ${quoted(flag)} cannot be less than 1ms`);
  return ns;
}

function durationOf(value: string): number {
  try {
    return parseDuration(value);
  } catch (error) {
    throw new InstructionError((error as Error).message);
  }
}

function retryCount(value: string): number {
  if (value === "") return 0;
  if (!/^[+-]?[0-9]+$/.test(value)) throw new InstructionError(`strconv.ParseInt: parsing ${quoted(value)}: invalid syntax`);
  const count = Number(value);
  if (count > 2147483647 || count < -2147483648) throw new InstructionError(`strconv.ParseInt: parsing ${quoted(value)}: value out of range`);
  if (count < 0) throw new InstructionError(`--retries cannot be negative (${count})`);
  return count;
}
