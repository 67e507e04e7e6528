import { inspectContainer, readJsonLines, type Client, type LogsQuery } from "../../client/mod.ts";
import { LABELS, type ObservedContainer } from "../../compose/mod.ts";
import type { EventMessage } from "../../spec/mod.ts";
import { printLogs } from "./follow-logs.ts";
import { logLabel } from "./log-label.ts";
import type { LogPrinter } from "./log-printer.ts";
import { isRunning } from "./service-container.ts";

const LAST_WORDS_MS = 1000;

export interface LogsOf {
  readonly client: Client;
  readonly project: string;
  /** Whose output is shown, of containers that start later too. */
  readonly shows: (container: { readonly service: string; readonly number: number }) => boolean;
  readonly query: LogsQuery;
  readonly printer: LogPrinter;
}

/** Prints what containers write and goes on while any of them runs; who starts meanwhile is followed too. */
export async function followProject(logs: LogsOf, containers: readonly ObservedContainer[]): Promise<void> {
  const stop = new AbortController();
  const filters = JSON.stringify({ type: ["container"], event: ["start", "die"], label: [`${LABELS.project}=${logs.project}`] });
  // Before what is there is read: nobody starts unseen.
  const { body } = await logs.client.request("GET", "/events", { query: { filters }, signal: stop.signal });
  const following = new Map(containers.map((container) => [container.id, print(logs, container.id, container.name, { ...logs.query, follow: isRunning(container) })]));
  const running = new Set(containers.filter(isRunning).map(({ id }) => id));
  try {
    if (running.size > 0) for await (const event of readJsonLines<EventMessage>(body)) if (await take(logs, event, { running, following })) break;
  } finally {
    stop.abort();
  }
  await Promise.all(following.values());
}

interface Followed {
  readonly running: Set<string>;
  readonly following: Map<string, Promise<void>>;
}

/** @returns whether nothing runs any more */
async function take(logs: LogsOf, { Action, Actor, time }: EventMessage, { running, following }: Followed): Promise<boolean> {
  const attributes = Actor?.Attributes ?? {};
  const id = Actor?.ID ?? "";
  const name = attributes["name"] ?? "";
  if (!logs.shows({ service: attributes[LABELS.service] ?? "", number: Number(attributes[LABELS.containerNumber] ?? 0) })) return false;
  if (Action === "start") {
    running.add(id);
    following.set(id, (following.get(id) ?? Promise.resolve()).then(() => print(logs, id, name, { ...logs.query, follow: true, tail: "all", since: String(time ?? 0) })));
    return false;
  }
  await Promise.race([following.get(id), Bun.sleep(LAST_WORDS_MS)]);
  const state = (await inspectContainer(logs.client, id).catch(() => undefined))?.State;
  const restarting = state?.Restarting === true;
  logs.printer.note(logLabel(logs.project, name), `exited with code ${attributes["exitCode"] ?? "0"}${restarting ? " (restarting)" : ""}`);
  if (!restarting && state?.Running !== true) running.delete(id);
  return running.size === 0;
}

/** One that has been removed meanwhile has said its last word. */
async function print({ client, printer, project }: LogsOf, id: string, name: string, query: LogsQuery): Promise<void> {
  await printLogs(client, printer, { id, label: logLabel(project, name) }, query).catch(() => undefined);
}
