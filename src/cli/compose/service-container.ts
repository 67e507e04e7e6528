import type { Client } from "../../client/mod.ts";
import { observeContainers, type ObservedContainer } from "../../compose/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { selection } from "./selection.ts";

export interface WhichContainer {
  /** From 1; none: the first one. */
  readonly index?: number | undefined;
  /** Also one that does not run. */
  readonly stopped?: boolean;
  /** Also those of `run`, after the others. */
  readonly oneOff?: boolean;
}

/** A container of a service of the project that the command line names. @throws Failure in docker-compose's words when there is none */
export async function serviceContainer(invocation: Invocation, service: string, which: WhichContainer = {}): Promise<ObservedContainer> {
  const { name } = await selection(invocation, []);
  return pick(await containersOf(invocation.client, name, service), service, which);
}

export const containersOf = async (client: Client, project: string, service: string): Promise<ObservedContainer[]> => (await observeContainers(client, project)).filter((container) => container.service === service);

export function pick(containers: readonly ObservedContainer[], service: string, { index, stopped = false, oneOff = false }: WhichContainer): ObservedContainer {
  const wanted = containers.filter((container) => (oneOff || !container.oneOff) && (stopped || isRunning(container)) && (!index || container.number === index));
  const found = wanted.find((container) => !container.oneOff) ?? wanted[0];
  if (!found) throw new Failure(`service ${JSON.stringify(service)} is not running${index ? ` container #${index}` : ""}`);
  return found;
}

export const isRunning = ({ state }: Pick<ObservedContainer, "state">): boolean => state === "running" || state === "paused" || state === "restarting";
