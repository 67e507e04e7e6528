import { lstatSync } from "node:fs";
import { inspectImage, removeImage } from "../../../client/mod.ts";
import { imageOf, observeContainers, restart, runHooks, up, type Hook, type ObservedContainer, type Project, type Service } from "../../../compose/mod.ts";
import type { OpenContext } from "../context.ts";
import { FolderWatch, isFolder, pathsBelow } from "./folder-watch.ts";
import { sync, type Change } from "./sync.ts";
import { folderOf, triggersOf, type Trigger } from "./triggers.ts";

/** Editors and tools write several files at once: they are taken together. */
const QUIET_MS = 100;

export interface WatchOptions {
  /** These alone; none: all that say what to watch. */
  readonly services: readonly string[];
  readonly say: (sentence: string) => void;
  readonly signal: AbortSignal;
  /** Removes what a rebuild leaves without a name; so unless it is false. */
  readonly prune?: boolean;
}

/** Brings services up to date when files of theirs change (Compose Develop Specification), until the signal. @throws ComposeError where nothing is to be watched */
export async function watchProject(context: OpenContext, project: Project, options: WatchOptions): Promise<void> {
  const triggers = triggersOf(project, options.services);
  await new Watching(context, project, triggers, options).run();
}

class Watching {
  readonly #changed = new Set<string>();
  #wake: () => void = () => undefined;

  constructor(
    readonly context: OpenContext,
    readonly project: Project,
    readonly triggers: readonly Trigger[],
    readonly options: WatchOptions,
  ) {}

  async run(): Promise<void> {
    const { signal, say } = this.options;
    using folders = new FolderWatch((folder) => this.triggers.some((trigger) => trigger.enters(folder)), (path) => this.#note(path));
    for (const { path } of this.triggers) folders.add(folderOf(path, isFolder(path)), isFolder(path));
    await this.#syncAtFirst();
    say("Watch enabled");
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    while (!signal.aborted) await this.#round();
    say("Watch disabled");
  }

  #note(path: string): void {
    if (!this.triggers.some((trigger) => trigger.concerns(path))) return;
    this.#changed.add(path);
    this.#wake();
  }

  /** Waits for changes, then for quiet, then acts. */
  async #round(): Promise<void> {
    const { signal } = this.options;
    while (this.#changed.size === 0 && !signal.aborted) await new Promise<void>((resolve) => (this.#wake = resolve));
    for (let seen = -1; seen !== this.#changed.size && !signal.aborted; await Bun.sleep(QUIET_MS)) seen = this.#changed.size;
    if (signal.aborted) return;
    const paths = [...this.#changed];
    this.#changed.clear();
    const changes = paths.flatMap((path) => this.triggers.filter((trigger) => trigger.concerns(path)).map((trigger) => ({ trigger, path })));
    for (const [service, all = []] of Object.entries(Object.groupBy(changes, ({ trigger }) => trigger.service))) await this.#act(service, all).catch((error: unknown) => this.options.say(`Error handling changed files: ${error instanceof Error ? error.message : String(error)}`));
  }

  async #syncAtFirst(): Promise<void> {
    for (const trigger of this.triggers.filter(({ initialSync, action }) => initialSync && action.startsWith("sync"))) {
      const changes = [trigger.path, ...(isFolder(trigger.path) ? pathsBelow(trigger.path, (folder) => trigger.enters(folder)) : [])].filter((path) => path === trigger.path || trigger.concerns(path)).map((path) => ({ trigger, path }));
      if (lstatSync(trigger.path, { throwIfNoEntry: false })) await sync(this.context.client, await this.#containers(trigger.service), changes);
    }
  }

  async #containers(service: string): Promise<ObservedContainer[]> {
    return (await observeContainers(this.context.client, this.project.name)).filter((container) => container.service === service && !container.oneOff);
  }

  async #act(service: string, changes: readonly Change[]): Promise<void> {
    const has = (action: string): boolean => changes.some(({ trigger }) => trigger.action === action);
    // A new image holds what would be copied.
    if (has("rebuild")) return await this.#rebuild(service);
    const copied = changes.filter(({ trigger }) => trigger.action.startsWith("sync"));
    const containers = await this.#containers(service);
    if (copied.length > 0) {
      this.options.say(`Syncing service ${JSON.stringify(service)} after ${copied.length} changes were detected`);
      await sync(this.context.client, containers, copied);
    }
    const hooks = new Set(changes.flatMap(({ trigger: { action, exec } }) => (action === "sync+exec" && exec ? [exec] : [])));
    for (const hook of hooks) await this.#exec(containers, hook);
    if (!has("restart") && !has("sync+restart")) return;
    await restart({ ...this.context, tell: () => undefined }, { name: this.project.name, project: this.project, services: [service] });
    this.options.say(`service(s) [${JSON.stringify(service)}] restarted`);
  }

  async #exec(containers: readonly ObservedContainer[], hook: Hook): Promise<void> {
    for (const { id, state } of containers) if (state === "running") await runHooks(this.context, id, [hook], (output) => this.options.say(Buffer.from(output).toString().trimEnd()));
  }

  async #imageID(service: Service): Promise<string | undefined> {
    return (await inspectImage(this.context.client, imageOf(service, this.project)).catch(() => undefined))?.Id;
  }

  async #rebuild(name: string): Promise<void> {
    const service = this.project.services[name];
    if (!service) return;
    this.options.say(`Rebuilding service(s) [${JSON.stringify(name)}] after changes were detected...`);
    const before = await this.#imageID(service);
    await this.context.images.build(this.project, [service]);
    this.options.say(`service(s) [${JSON.stringify(name)}] successfully built`);
    await up({ ...this.context, tell: () => undefined }, this.project, { asked: [name] });
    // Who else uses the old one, or has named it, keeps it.
    if (this.options.prune !== false && before !== undefined && before !== (await this.#imageID(service))) await removeImage(this.context.client, before).catch(() => undefined);
    this.options.say(`service(s) [${JSON.stringify(name)}] recreated`);
  }
}
