import type { CommandSpec } from "../command.ts";

type Containers = typeof import("./container.ts");

/** Commands that people and scripts wait for by the hundred: their specs are found without the rest of the table. */
const QUICK: Readonly<Record<string, keyof Containers>> = { create: "CREATE", exec: "EXEC", kill: "KILL", logs: "LOGS", ps: "PS", rm: "RM", run: "RUN", start: "START", stop: "STOP", wait: "WAIT" };

export const QUICK_NAMES = Object.keys(QUICK);

export async function quickCommand(name: string): Promise<CommandSpec | undefined> {
  const key = Object.hasOwn(QUICK, name) ? QUICK[name] : undefined;
  return key && (await import("./container.ts"))[key];
}
