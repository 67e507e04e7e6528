import { EngineError } from "../../base/mod.ts";
import type { ContainerCreateRequest } from "../../spec/mod.ts";
import { parseProbe } from "../health/probe.ts";
import { parseSignal } from "../signals.ts";

const MILLISECOND = 1_000_000;

/** The part of a request that becomes Config. @throws EngineError InvalidParameter, in Docker's words */
export function validateConfig(config: ContainerCreateRequest): void {
  for (const entry of config.Env ?? []) if (entry === "" || entry.startsWith("=")) throw new EngineError("InvalidParameter", `invalid environment variable: ${entry.slice(0, 128)}`);
  for (const text of [...(config.Env ?? []), ...(config.Cmd ?? []), ...(config.Entrypoint ?? []), config.Hostname ?? "", config.Domainname ?? "", config.User ?? "", config.WorkingDir ?? ""])
    if (text.includes("\0")) throw new EngineError("InvalidParameter", "invalid argument: it contains a NUL byte");
  if (config.WorkingDir && !config.WorkingDir.startsWith("/")) throw new EngineError("InvalidParameter", `the working directory '${config.WorkingDir.slice(0, 300)}' is invalid, it needs to be an absolute path`);
  if (config.StopSignal) parseSignal(config.StopSignal);
  const health = config.Healthcheck;
  if (!health) return;
  parseProbe(config);
  for (const field of ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const) {
    const value = health[field] ?? 0;
    if (value !== 0 && value < MILLISECOND) throw new EngineError("InvalidParameter", `${field} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) throw new EngineError("InvalidParameter", "Retries in Healthcheck cannot be negative");
}
