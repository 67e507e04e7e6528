import type { CommandSpec } from "../command.ts";

type Containers = typeof import("./container.ts");
type Images = typeof import("./image.ts");

const container = (key: keyof Containers) => async (): Promise<CommandSpec> => (await import("./container.ts"))[key];
const image = (key: keyof Images) => async (): Promise<CommandSpec> => (await import("./image.ts"))[key];

/** Commands that people and scripts wait for by the hundred: their specs are found without the rest of the table. */
const QUICK: Readonly<Record<string, () => Promise<CommandSpec>>> = {
  create: container("CREATE"),
  exec: container("EXEC"),
  kill: container("KILL"),
  logs: container("LOGS"),
  ps: container("PS"),
  rm: container("RM"),
  run: container("RUN"),
  start: container("START"),
  stop: container("STOP"),
  wait: container("WAIT"),
  images: image("IMAGES"),
  pull: image("PULL"),
  push: image("PUSH"),
};

export const QUICK_NAMES = Object.keys(QUICK);

export const quickCommand = async (name: string): Promise<CommandSpec | undefined> => (Object.hasOwn(QUICK, name) ? await QUICK[name]?.() : undefined);
