import { messageOf } from "./base/mod.ts";
import { changedSettings, isReloadable, SETTING_NAMES, type Configuration, type SettingName, type Values } from "./configuration/mod.ts";
import { engineDefaults, type Proxies } from "./engine-settings.ts";
import type { EngineContext, EngineDefaults } from "./engine/mod.ts";
import type { OperatorLog } from "./operator-log.ts";

const SECRET = /\/\/[^/@]*@/;

/** The settings in force. A reload changes all that it may, or nothing. */
export class SettingsInForce {
  #values: Values;
  #defaults: EngineDefaults;
  readonly #ambient: Proxies;

  /** @param ambient proxies of the engine's environment */
  constructor(configuration: Configuration, ambient: Proxies) {
    this.#values = configuration.values;
    this.#ambient = ambient;
    this.#defaults = engineDefaults(configuration, undefined, ambient);
  }

  get defaults(): EngineDefaults {
    return this.#defaults;
  }

  /** @returns whether new settings are in force; what is wrong with the file is logged, and the old ones stay */
  reload(read: () => Configuration, log: OperatorLog): boolean {
    try {
      const { values: wanted, warnings, where } = read();
      for (const warning of warnings) log(warning, "warn");
      const values = merged(this.#values, wanted);
      const defaults = engineDefaults({ values, where }, this.#defaults.seccomp, this.#ambient);
      const changes = changedSettings(this.#values, values).map((name) => `${name}: ${shown(this.#values[name])} → ${shown(values[name])}`);
      const waiting = changedSettings(values, wanted);
      this.#values = values;
      this.#defaults = defaults;
      log(`Reloaded configuration: ${changes.length > 0 ? changes.join(", ") : "nothing has changed"}`);
      if (waiting.length > 0) log(`changed in the configuration, but taken up only when the engine is started again: ${waiting.join(", ")}`, "warn");
      return true;
    } catch (error) {
      log(`the configuration was not reloaded, the engine goes on with what it had: ${messageOf(error)}`, "error");
      return false;
    }
  }

  /** What docker's event of a reload tells. */
  eventAttributes(hostname: string): Record<string, string> {
    const now = this.#defaults;
    const list = (values: readonly string[] | undefined): string => JSON.stringify(values ?? []);
    return {
      debug: String(now.debug),
      "default-cgroupns-mode": now.cgroupnsMode ?? "",
      "default-ipc-mode": now.ipcMode,
      "default-runtime": now.defaultRuntime,
      "default-shm-size": String(now.shmSizeBytes),
      features: `map[${Object.entries(now.features).map(([name, value]) => `${name}:${value}`).join(" ")}]`,
      "insecure-registries": list(now.insecureRegistries),
      labels: list(now.labels),
      "live-restore": "true",
      "max-concurrent-downloads": String(now.maxConcurrentDownloads),
      "max-concurrent-uploads": String(now.maxConcurrentUploads),
      "max-download-attempts": String(now.maxDownloadAttempts),
      name: hostname,
      "registry-mirrors": list(now.registryMirrors),
      runtimes: Object.entries(now.runtimes).map(([name, { path = "" }]) => `${name}:${path}`).join(" "),
      "shutdown-timeout": String(now.shutdownTimeoutSeconds),
    };
  }
}

function merged(old: Values, wanted: Values): Values {
  const entries = SETTING_NAMES.map((name): [SettingName, unknown] => [name, (isReloadable(name) ? wanted : old)[name]]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

const shown = (value: unknown): string => (value === undefined ? "(default)" : JSON.stringify(value).replace(SECRET, "//xxxxx@"));

export function emitReload(ctx: Pick<EngineContext, "eventLog" | "identity" | "host">, settings: SettingsInForce): void {
  ctx.eventLog.emit({ type: "daemon", action: "reload", id: ctx.identity.id, attributes: settings.eventAttributes(ctx.host.hostname) });
}
