import { flagNameOf, SETTING_NAMES, SETTINGS, type Setting, type SettingName } from "../../configuration/mod.ts";
import type { Flag } from "../flags.ts";

const CONFIG_FILE: Flag = { name: "config-file", type: "string", default: '"/etc/hako/daemon.json"', help: "The engine's configuration file" };

/** Where the engine keeps its things; `system uninstall` must be told the same as the engine was. */
const PLACES: ReadonlySet<SettingName> = new Set(["bip", "bridge", "cgroup-parent", "data-root", "exec-root", "run-root", "table"]);

function flagsOf(names: readonly SettingName[]): Flag[] {
  return names.flatMap((setting) => {
    const { kind, help, default: initial, flag } = SETTINGS[setting] as Setting<unknown>;
    const name = flagNameOf(setting);
    if (name === undefined) return [];
    return [{ name, type: kind.flagType, help, ...(flag?.short !== undefined && { short: flag.short }), ...(initial !== undefined && { default: initial }) }];
  });
}

export const DAEMON_FLAGS: readonly Flag[] = [
  ...[...flagsOf(SETTING_NAMES), CONFIG_FILE].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  { name: "validate", type: "bool", help: "Check the configuration and exit" },
  { name: "ready-fd", type: "int", hidden: true, help: "Descriptor that is written to once the engine listens" },
];

export const UNINSTALL_FLAGS: readonly Flag[] = [...flagsOf(SETTING_NAMES.filter((name) => PLACES.has(name))), CONFIG_FILE, { name: "force", short: "f", type: "bool", help: "Do not ask for confirmation" }];
