import { join } from "node:path";
import type { EngineOptions } from "../engine-program.ts";
import type { Flags } from "../flags.ts";

/** Settings of the engine come from flags only: nothing depends on the environment it was started in. */
export function engineOptions(flags: Flags): EngineOptions {
  const runRoot = flags.string("run-root") ?? "/run/hako";
  const hosts = flags.has("host") ? flags.list("host") : [];
  return {
    dataRoot: flags.string("data-root") ?? "/var/lib/hako",
    runRoot,
    hosts: hosts.length > 0 ? hosts : [`unix://${join(runRoot, "hako.sock")}`],
    bridge: flags.string("bridge") ?? "hako0",
    bip: flags.string("bip"),
    cgroupParent: flags.string("cgroup-parent") ?? "hako",
    table: flags.string("table") ?? "hako",
    debug: flags.has("debug") && flags.bool("debug"),
  };
}
