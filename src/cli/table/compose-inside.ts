import type { CommandSpec, Entry } from "../command.ts";
import type { Flag } from "../flags.ts";
import { DRY_RUN } from "./compose-life.ts";
import { INDEX } from "./compose-look.ts";

const DETACH: Flag = { name: "detach", short: "d", type: "bool", help: "Leave it running in the background" };
const ENV: Flag = { name: "env", short: "e", type: "list", help: "Set a variable (NAME=value)" };
const USER: Flag = { name: "user", short: "u", type: "string", help: "Run as this user" };
const WORKDIR: Flag = { name: "workdir", short: "w", type: "string", help: "Folder in which it starts" };
const INTERACTIVE: Flag = { name: "interactive", short: "i", type: "bool", default: "true", help: "Keep standard input open" };

const EXEC: CommandSpec = {
  summary: "Execute a command in a running container",
  usage: "[OPTIONS] SERVICE COMMAND [ARGS...]",
  args: [2],
  flags: [
    DETACH, DRY_RUN, ENV, INDEX,
    { ...INTERACTIVE, hidden: true },
    { name: "no-tty", short: "T", type: "bool", help: "Allocate no terminal; without, there is one where standard input and output are" },
    { name: "privileged", type: "bool", help: "Give it all capabilities" },
    { name: "tty", short: "t", type: "bool", help: "Allocate a terminal", hidden: true },
    USER, WORKDIR,
  ],
  interspersed: false,
  load: () => import("../commands/compose/exec.ts"),
};

/** Commands of `compose` about one service's container. */
export const INSIDE: readonly Entry[] = [{ name: "exec", command: EXEC }];
