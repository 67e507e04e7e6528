import { EngineError, messageOf } from "../../base/mod.ts";
import { DOCKERS_PATIENCE, PluginClient, type Patience } from "./client.ts";
import { DOCKERS_FOLDERS, findPlugin, pluginNames, type PluginFolders } from "./discovery.ts";
import { PluginDriver } from "./plugin-driver.ts";

export interface PluginParts {
  readonly folders?: PluginFolders;
  readonly patience?: Patience;
  log(sentence: string): void;
}

/** The volume plugins of this host, each activated when it is asked for the first time, and again when it listens elsewhere. */
export class VolumePlugins {
  readonly #folders: PluginFolders;
  readonly #patience: Patience;
  readonly #active = new Map<string, { readonly at: string; readonly driver: Promise<PluginDriver | undefined> }>();
  readonly #log: (sentence: string) => void;

  constructor({ folders = DOCKERS_FOLDERS, patience = DOCKERS_PATIENCE, log }: PluginParts) {
    this.#folders = folders;
    this.#patience = patience;
    this.#log = (sentence) => log(sentence);
  }

  /** @throws EngineError NotFound when there is no such plugin, System when it does not answer; in Docker's words */
  async get(name: string): Promise<PluginDriver> {
    const shown = name.slice(0, 64);
    const address = findPlugin(name, this.#folders);
    if (!address) throw new EngineError("NotFound", `error looking up volume plugin ${shown}: plugin ${JSON.stringify(shown)} not found`);
    const at = JSON.stringify(address.at);
    const known = this.#active.get(name);
    const active = known?.at === at ? known : { at, driver: this.#activate(new PluginDriver(name, new PluginClient(address, this.#patience, this.#log))) };
    this.#active.set(name, active);
    try {
      const driver = await active.driver;
      if (driver) return driver;
      throw new EngineError("System", "plugin does not implement the requested driver");
    } catch (error) {
      if (this.#active.get(name) === active) this.#active.delete(name);
      throw new EngineError("System", `error looking up volume plugin ${shown}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Those that were activated, for /info. */
  names(): string[] {
    return [...this.#active.keys()].sort();
  }

  /** All that are there and answer. */
  async all(): Promise<PluginDriver[]> {
    const found = await Promise.all(pluginNames(this.#folders).map((name) => this.get(name).catch((error: unknown) => this.#log(messageOf(error)))));
    return found.filter((driver) => driver !== undefined);
  }

  async #activate(driver: PluginDriver): Promise<PluginDriver | undefined> {
    return (await driver.activate()) ? driver : undefined;
  }
}
