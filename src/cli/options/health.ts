import type { HealthConfig } from "../../spec/mod.ts";
import type { Flags } from "../flags.ts";

const DURATIONS = [
  ["health-interval", "Interval"],
  ["health-timeout", "Timeout"],
  ["health-start-period", "StartPeriod"],
  ["health-start-interval", "StartInterval"],
] as const;

/** The last two are the engine's own: it connects inside the container, which needs no program for it. */
const TESTS = [
  ["health-cmd", "CMD-SHELL"],
  ["health-http", "HTTP"],
  ["health-tcp", "TCP"],
] as const;

export function healthcheck(flags: Flags): HealthConfig | undefined {
  const given = [...TESTS.map(([name]) => name), "health-retries", ...DURATIONS.map(([name]) => name)].some((name) => flags.changed(name));
  if (flags.bool("no-healthcheck")) {
    if (given) throw new Error("--no-healthcheck conflicts with --health-* options");
    return { Test: ["NONE"] };
  }
  if (!given) return undefined;
  const config: HealthConfig = {};
  const tests = TESTS.filter(([name]) => flags.string(name));
  if (tests.length > 1) throw new Error(`--${tests.map(([name]) => name).join(" conflicts with --")}`);
  for (const [name, kind] of tests) config.Test = [kind, flags.string(name) ?? ""];
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
