import type { HealthConfig } from "../../spec/mod.ts";
import type { Flags } from "../flags.ts";

const DURATIONS = [
  ["health-interval", "Interval"],
  ["health-timeout", "Timeout"],
  ["health-start-period", "StartPeriod"],
  ["health-start-interval", "StartInterval"],
] as const;

export function healthcheck(flags: Flags): HealthConfig | undefined {
  const given = ["health-cmd", "health-retries", ...DURATIONS.map(([name]) => name)].some((name) => flags.changed(name));
  if (flags.bool("no-healthcheck")) {
    if (given) throw new Error("--no-healthcheck conflicts with --health-* options");
    return { Test: ["NONE"] };
  }
  if (!given) return undefined;
  const config: HealthConfig = {};
  const command = flags.string("health-cmd");
  if (command) config.Test = ["CMD-SHELL", command];
  for (const [name, field] of DURATIONS) {
    const value = flags.number(name);
    if (value === undefined) continue;
    if (value < 0) throw new Error(`--${name} cannot be negative`);
    config[field] = value;
  }
  const retries = flags.number("health-retries");
  if (retries !== undefined && retries < 0) throw new Error("--health-retries cannot be negative");
  if (retries !== undefined) config.Retries = retries;
  return config;
}
