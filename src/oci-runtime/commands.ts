import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../base/mod.ts";
import type { FlagKinds, Given } from "./arguments.ts";
import type { RuntimeContext } from "./context.ts";
import { createContainer } from "./create.ts";
import { defaultConfig } from "./default-config.ts";
import { deleteContainer } from "./delete.ts";
import { execProcess } from "./exec.ts";
import { featuresShape } from "./features.ts";
import { killContainer } from "./kill.ts";
import { printList, printProcesses, printState } from "./list.ts";
import { pauseContainer, resumeContainer } from "./pause.ts";
import { runContainer } from "./run.ts";
import { startContainer } from "./start.ts";
import { updateContainer } from "./update.ts";

export interface Command {
  readonly usage: string;
  readonly flags: FlagKinds;
  readonly short?: Readonly<Record<string, string>>;
  /** Its exit code; nothing is 0. */
  run(ctx: RuntimeContext, given: Given): Promise<number | void> | number | void;
  /** Exit code of a failure; default 1. */
  readonly failure?: number;
}

const CREATE_FLAGS: FlagKinds = { bundle: "value", "console-socket": "value", "pid-file": "value", "no-pivot": "switch", "no-new-keyring": "switch", "preserve-fds": "value" };
const DEFAULT_SIGNAL = "SIGTERM";

/** The specification's operations, and what engines expect beside them of a runtime with runc's command line. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  create: { usage: "create [--bundle DIR] [--console-socket PATH] [--pid-file PATH] ID", flags: CREATE_FLAGS, short: { b: "bundle" }, run: async (ctx, given) => void (await createContainer(ctx, given)) },
  start: { usage: "start ID", flags: {}, run: (ctx, given) => startContainer(ctx, given.id()) },
  run: { usage: "run [--bundle DIR] [--detach] [--keep] [--console-socket PATH] [--pid-file PATH] ID", flags: { ...CREATE_FLAGS, detach: "switch", keep: "switch", "no-subreaper": "switch" }, short: { b: "bundle", d: "detach" }, run: runContainer },
  state: { usage: "state ID", flags: {}, run: (ctx, given) => printState(ctx, given.id()) },
  kill: { usage: "kill [--all] ID [SIGNAL]", flags: { all: "switch" }, short: { a: "all" }, run: (ctx, given) => killContainer(ctx, given.id(), given.args[1] ?? DEFAULT_SIGNAL, given.on("all")) },
  delete: { usage: "delete [--force] ID", flags: { force: "switch" }, short: { f: "force" }, run: (ctx, given) => deleteContainer(ctx, given.id(), given.on("force")) },
  exec: {
    usage: "exec [--process FILE | --tty --env K=V --cwd DIR --user UID[:GID] --cap NAME] [--detach] [--console-socket PATH] [--pid-file PATH] ID [COMMAND ARG...]",
    flags: {
      process: "value", detach: "switch", tty: "switch", env: "many", cwd: "value", user: "value", "additional-gids": "many", cap: "many", "no-new-privs": "switch", "console-socket": "value", "pid-file": "value", "preserve-fds": "value",
      "no-subreaper": "switch",
    },
    short: { p: "process", d: "detach", t: "tty", e: "env", u: "user", g: "additional-gids", c: "cap" },
    run: execProcess,
    failure: 255,
  },
  list: { usage: "list [--format table|json] [--quiet]", flags: { format: "value", quiet: "switch" }, short: { f: "format", q: "quiet" }, run: printList },
  ps: { usage: "ps [--format table|json] ID", flags: { format: "value" }, short: { f: "format" }, run: printProcesses },
  pause: { usage: "pause ID", flags: {}, run: (ctx, given) => pauseContainer(ctx, given.id()) },
  resume: { usage: "resume ID", flags: {}, run: (ctx, given) => resumeContainer(ctx, given.id()) },
  update: { usage: "update --resources FILE|- ID", flags: { resources: "value" }, short: { r: "resources" }, run: updateContainer },
  features: { usage: "features", flags: {}, run: (ctx) => ctx.print(`${JSON.stringify(featuresShape(ctx.version), null, 2)}\n`) },
  spec: { usage: "spec [--bundle DIR]", flags: { bundle: "value" }, short: { b: "bundle" }, run: (_ctx, given) => writeSpec(given.value("bundle") ?? ".") },
};

function writeSpec(bundle: string): void {
  const path = join(bundle, "config.json");
  if (existsSync(path)) throw new EngineError("Conflict", `File ${path} exists. Remove it first`);
  writeFileSync(path, `${JSON.stringify(defaultConfig(), null, 2)}\n`);
}
