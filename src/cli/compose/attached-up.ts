import { inspectContainer, readJsonLines, type LogsQuery } from "../../client/mod.ts";
import { kill, LABELS, observeContainers, stop, up, type ObservedContainer, type ProgressEvent, type Project, type UpOptions } from "../../compose/mod.ts";
import type { ContainerInspect, EventMessage } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { goTimestamp } from "../options/time.ts";
import { err } from "../output.ts";
import { wantsColours } from "./colours.ts";
import { openContext, progressMode, type OpenContext } from "./context.ts";
import { printLogs } from "./follow-logs.ts";
import { logLabel } from "./log-label.ts";
import { openMenu, wantsMenu } from "./menu.ts";
import { sayWatch } from "./watch/say.ts";
import { LogPrinter } from "./log-printer.ts";

const INTERRUPTED = 130;
const LAST_WORDS_MS = 1000;

/** Makes and starts the project and shows what its containers write until they have ended, or until ctrl-c, which stops them. @returns the exit code */
export async function attachedUp(invocation: Invocation, project: Project, options: UpOptions): Promise<number> {
  using context = openContext(invocation);
  const made = await up(context, project, { ...options, noStart: true });
  context.view.end();
  return await new Attached(invocation, context, made.project, options).run();
}

class Attached {
  readonly #printer: LogPrinter;
  /** Tells of things line by line: a picture that is drawn anew would wipe out what containers write meanwhile. */
  readonly #besideLogs: OpenContext;
  readonly #shown: ReadonlySet<string>;
  /** Services whose ends are waited for, and end the command. */
  readonly #awaited: ReadonlySet<string>;
  /** Services by their containers' names. */
  readonly #services = new Map<string, string>();
  readonly #stopWatching = new AbortController();
  readonly #done = Promise.withResolvers<number>();
  readonly #following = new Map<string, Promise<void>>();
  readonly #running = new Set<string>();
  /** Containers that run, and whose end nobody waits for. */
  readonly #others = new Set<string>();
  /** When each container ended last: what it writes in its next run comes later. */
  readonly #ends = new Map<string, string>();
  /** Names of containers that have been started and whose end has not been told, and of those whose end has. */
  readonly #unended = new Set<string>();
  readonly #dead = new Set<string>();
  readonly #giveUp = new AbortController();
  #nextEnd = Promise.withResolvers<void>();
  /** How the service ended whose exit code is wanted. */
  #chosenCode: number | undefined;
  #starting: Promise<unknown> = Promise.resolve();
  #allStarted = false;
  #stopping = false;
  #killing = false;
  #detached = false;
  /** Ends the watch of files. */
  #fileWatch: AbortController | undefined;

  constructor(
    readonly invocation: Invocation,
    readonly context: OpenContext,
    readonly project: Project,
    readonly options: UpOptions,
  ) {
    this.#printer = new LogPrinter({ coloured: wantsColours(invocation), prefixed: !invocation.flags.bool("no-log-prefix") });
    this.#shown = new Set(shownServices(project, invocation));
    const mode = progressMode(invocation);
    this.#besideLogs = openContext(invocation, { mode: mode === "tty" ? "plain" : mode });
    const { args } = invocation;
    this.#awaited = new Set(args.length > 0 ? args : this.#shown.size > 0 ? this.#shown : Object.keys(project.services));
  }

  async run(): Promise<number> {
    const interrupt = (): void => this.#interrupt();
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    const menu = wantsMenu(this.invocation.flags.changed("menu") ? this.invocation.flags.bool("menu") : undefined) ? openMenu({ interrupt, detach: () => this.#detach(), toggleWatch: () => this.#toggleWatch() }) : undefined;
    try {
      await this.#watch();
      // The project is started with its events in view, so that nothing of a short life is missed.
      this.#starting = up({ ...this.context, tell: (event) => this.#note(event), signal: this.#giveUp.signal }, this.project, { ...this.options, recreate: "never", recreateDependencies: "never", build: false, pull: "never" });
      await this.#starting.catch((error: unknown) => {
        if (!this.#stopping) throw error;
      });
      this.#allStarted = true;
      if (!this.#stopping && this.invocation.flags.bool("watch")) this.#toggleWatch();
      if (!this.#stopping) await this.#ended();
      const code = await this.#done.promise;
      if (this.#detached) return code;
      await Promise.allSettled([...this.#following].filter(([id]) => !this.#others.has(id)).map(([, work]) => work));
      return code;
    } finally {
      menu?.[Symbol.dispose]();
      this.#fileWatch?.abort();
      this.#stopWatching.abort();
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    }
  }

  async #containers(): Promise<ObservedContainer[]> {
    return (await observeContainers(this.context.client, this.project.name)).filter(({ service, oneOff }) => !oneOff && this.project.services[service]);
  }

  #label(container: string): string {
    return logLabel(this.project.name, container);
  }

  async #watch(): Promise<void> {
    const before = await this.#containers();
    err(`Attaching to ${before.filter(({ service }) => this.#shown.has(service)).map((each) => this.#label(each.name)).join(", ")}\n`);
    for (const container of before) {
      this.#services.set(container.name, container.service);
      if (this.#shown.has(container.service)) this.#printer.add(this.#label(container.name));
      if (container.state === "running") this.#begin(container.id, container.service, this.#label(container.name), { tail: "0" });
    }
    await Promise.all(before.filter(({ state }) => state === "exited").map(async ({ id }) => this.#noteEnd(id, await inspectContainer(this.context.client, id).catch(() => undefined))));
    const filters = JSON.stringify({ type: ["container"], event: ["start", "die"], label: [`${LABELS.project}=${this.project.name}`] });
    const { body } = await this.context.client.request("GET", "/events", { query: { filters }, signal: this.#stopWatching.signal });
    void this.#follow(body);
  }

  async #follow(body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const event of readJsonLines<EventMessage>(body)) await this.#take(event);
      throw new Error("the engine has ended; the containers may go on");
    } catch (error) {
      if (!this.#stopWatching.signal.aborted) this.#done.reject(error);
    }
  }

  async #take({ Action, Actor }: EventMessage): Promise<void> {
    const labels = Actor?.Attributes ?? {};
    const id = Actor?.ID ?? "";
    const service = labels[LABELS.service] ?? "";
    if (!this.project.services[service] || labels[LABELS.oneoff] === "True") return;
    const label = this.#label(labels["name"] ?? service);
    if (Action === "start") this.#begin(id, service, label, { since: this.#ends.get(id) });
    if (Action === "die") await this.#died({ id, service, label, name: labels["name"] ?? "" }, Number(labels["exitCode"] ?? 0));
  }

  /** One that has been started has an end to be told of, which may be on its way. */
  #note({ id, text }: ProgressEvent): void {
    const name = id.replace(/^Container /, "");
    if (text === "Started" && !this.#dead.has(name) && this.#awaited.has(this.#services.get(name) ?? "")) this.#unended.add(name);
  }

  #noteEnd(id: string, container: ContainerInspect | undefined): void {
    const since = goTimestamp(container?.State?.FinishedAt);
    if (since !== undefined) this.#ends.set(id, since);
  }

  #begin(id: string, service: string, label: string, lines: Pick<LogsQuery, "since" | "tail">): void {
    (this.#awaited.has(service) ? this.#running : this.#others).add(id);
    if (!this.#shown.has(service)) return;
    const { flags } = this.invocation;
    const work = printLogs(this.context.client, this.#printer, { id, label }, { follow: true, timestamps: flags.bool("timestamps"), ...lines }).catch(() => undefined);
    this.#following.set(id, work);
  }

  async #died({ id, service, label, name }: { readonly id: string; readonly service: string; readonly label: string; readonly name: string }, code: number): Promise<void> {
    const { flags } = this.invocation;
    const container = await inspectContainer(this.context.client, id).catch(() => undefined);
    this.#noteEnd(id, container);
    const restarting = !this.#stopping && container?.State?.Restarting === true;
    // Its last words come before the word of its end; a log that does not end with its container is not waited for.
    await Promise.race([this.#following.get(id), Bun.sleep(LAST_WORDS_MS)]);
    if (this.#shown.has(service)) this.#printer.note(label, `exited with code ${code}${restarting ? " (restarting)" : ""}`);
    this.#running.delete(id);
    if (restarting) return;
    this.#dead.add(name);
    this.#unended.delete(name);
    if (!this.#awaited.has(service)) return;
    const chosen = flags.string("exit-code-from") || undefined;
    if (chosen === service) this.#chosenCode ??= code;
    this.#nextEnd.resolve();
    this.#nextEnd = Promise.withResolvers();
    const failing = flags.bool("abort-on-container-failure");
    if (failing ? code !== 0 : chosen !== undefined || flags.bool("abort-on-container-exit")) return this.#abort(code);
    await this.#ended();
  }

  /** Nothing runs any more, unless something is about to. */
  async #ended(): Promise<void> {
    if (!this.#allStarted || this.#running.size > 0 || this.#unended.size > 0) return;
    if ((await this.#containers()).some(({ service, state }) => this.#awaited.has(service) && (state === "running" || state === "restarting" || state === "created"))) return;
    this.#done.resolve(this.#stopping ? INTERRUPTED : 0);
  }

  #abort(code: number): void {
    if (this.#stopping) return;
    this.#stopping = true;
    err("Aborting on container exit...\n");
    void this.#stopAll().then(() => this.#lastEnd()).then(() => this.#done.resolve(this.#chosenCode ?? code), this.#done.reject);
  }

  /** The ends of what was stopped are told of a little later. */
  async #lastEnd(): Promise<void> {
    const deadline = Date.now() + LAST_WORDS_MS;
    while (this.#running.size > 0 && Date.now() < deadline) await Promise.race([this.#nextEnd.promise, Bun.sleep(LAST_WORDS_MS)]);
  }

  #detach(): void {
    if (this.#stopping) return;
    this.#detached = true;
    this.#stopWatching.abort();
    this.#done.resolve(0);
  }

  #toggleWatch(): boolean | undefined {
    if (!Object.values(this.project.services).some(({ develop }) => develop?.watch?.length)) return undefined;
    if (this.#fileWatch) {
      this.#fileWatch.abort();
      this.#fileWatch = undefined;
      return false;
    }
    const { signal } = (this.#fileWatch = new AbortController());
    void import("./watch/watch-project.ts").then(({ watchProject }) => watchProject(this.#besideLogs, this.project, { services: [], say: sayWatch, signal })).catch(this.#done.reject);
    return true;
  }

  #interrupt(): void {
    if (this.#killing) process.exit(INTERRUPTED);
    if (this.#stopping) return this.#killAll();
    this.#stopping = true;
    err("Gracefully Stopping... press Ctrl+C again to force\n");
    void this.#stopAll().then(() => this.#lastEnd()).then(() => this.#done.resolve(INTERRUPTED), this.#done.reject);
  }

  /** Asked for again while containers are being stopped: nobody waits for them any more. */
  #killAll(): void {
    this.#killing = true;
    void kill(this.#besideLogs, { name: this.project.name, project: this.project, services: [] }, { signal: "SIGKILL" }).catch(() => process.exit(INTERRUPTED));
  }

  /** What is being started is stopped once it has been. */
  async #stopAll(): Promise<void> {
    this.#giveUp.abort(new Error("stopped"));
    await Promise.allSettled([this.#starting]);
    await stop(this.#besideLogs, { name: this.project.name, project: this.project, services: [] }, { timeoutSeconds: this.options.timeoutSeconds });
    this.#besideLogs.view.end();
  }
}

/** Whose output is shown: those that were asked for, without those that should not be. */
function shownServices(project: Project, { flags, args }: Invocation): string[] {
  const attached = flags.list("attach");
  const asked = attached.length > 0 ? attached : args.length > 0 && !flags.bool("attach-dependencies") ? args : Object.keys(project.services);
  const without = new Set(flags.list("no-attach"));
  return asked.filter((name) => project.services[name]?.attach !== false && !without.has(name));
}
