import type { Resolved } from "../yaml/scalars.ts";
import { rulesOf } from "../tree/rules.ts";

/** What a text becomes once its variables are replaced, where the specification asks for something other than text. */
export type Cast = "integer" | "number" | "boolean";

const table = (cast: Cast, patterns: string): [string, Cast][] => patterns.trim().split(/\s+/).map((pattern) => [pattern, cast]);

const INTEGERS = `
  services.*.cpu_count services.*.cpu_period services.*.cpu_quota services.*.cpu_rt_period services.*.cpu_rt_runtime services.*.cpu_shares
  services.*.deploy.replicas services.*.deploy.update_config.parallelism services.*.deploy.rollback_config.parallelism
  services.*.deploy.restart_policy.max_attempts services.*.deploy.placement.max_replicas_per_node services.*.healthcheck.retries
  services.*.oom_score_adj services.*.pids_limit services.*.ports.*.target services.*.scale services.*.ulimits.* services.*.ulimits.*.hard
  services.*.ulimits.*.soft`;
const NUMBERS = `services.*.cpu_percent services.*.cpus services.*.deploy.update_config.max_failure_ratio services.*.deploy.rollback_config.max_failure_ratio`;
const BOOLEANS = `
  services.*.init services.*.healthcheck.disable services.*.oom_kill_disable services.*.privileged services.*.read_only services.*.stdin_open
  services.*.tty services.*.volumes.*.read_only services.*.volumes.*.volume.nocopy networks.*.external networks.*.internal networks.*.attachable
  networks.*.enable_ipv4 networks.*.enable_ipv6 volumes.*.external secrets.*.external configs.*.external`;

export const CASTS = rulesOf<Cast>(Object.fromEntries([...table("integer", INTEGERS), ...table("number", NUMBERS), ...table("boolean", BOOLEANS)]));

/** @param warn is told of words that YAML 1.2 no longer takes for truth values. @throws Error in docker-compose's words */
export function cast(text: string, to: Cast, warn: (message: string) => void): Resolved {
  switch (to) {
    case "integer":
      if (!/^[-+]?[0-9]+$/.test(text)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
      return { value: Number(text) };
    case "number":
      if (!/^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?$/i.test(text)) throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
      return { value: Number(text), form: "float" };
    case "boolean":
      return { value: parseBoolean(text, warn) };
    default:
      return to satisfies never;
  }
}

export function parseBoolean(text: string, warn: (message: string) => void): boolean {
  const word = text.toLowerCase();
  if (word === "true" || word === "false") return word === "true";
  const old = ["y", "yes", "on"].includes(word) ? true : ["n", "no", "off"].includes(word) ? false : undefined;
  if (old === undefined) throw new Error(`invalid boolean: ${text}`);
  warn(`${JSON.stringify(text)} for boolean is not supported by YAML 1.2, please use \`${old}\``);
  return old;
}
