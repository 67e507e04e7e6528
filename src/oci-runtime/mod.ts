import { appendFileSync } from "node:fs";
import { EngineError, messageOf } from "../base/mod.ts";
import type { ShimSpawner } from "../runtime/mod.ts";
import { Given, parseWords, type FlagKinds } from "./arguments.ts";
import { COMMANDS, type Command } from "./commands.ts";

export interface RuntimeProgram {
  readonly version: string;
  readonly defaultRoot: string;
  spawner(): ShimSpawner;
  print(text: string): void;
  printError(text: string): void;
}

const GLOBAL_FLAGS: FlagKinds = { root: "value", log: "value", "log-format": "value", "log-level": "value", debug: "switch", "systemd-cgroup": "switch", "cgroup-manager": "value", rootless: "value", criu: "value", version: "switch", help: "switch" };

/** `hako-runtime [flags] command …`: an OCI runtime with runc's command line. @returns the exit code */
export async function runOciRuntime(words: readonly string[], program: RuntimeProgram): Promise<number> {
  let flags: Given | undefined;
  let command: Command | undefined;
  try {
    flags = new Given(parseWords(words, GLOBAL_FLAGS, { v: "version", h: "help" }));
    const [name, ...rest] = flags.args;
    if (flags.on("version")) return printed(program, `hako-runtime version ${program.version}\nspec: 1.2.1\n`);
    if (name === undefined || name === "help" || flags.on("help")) return printed(program, usage());
    if (flags.on("systemd-cgroup") || flags.value("cgroup-manager") === "systemd") throw new EngineError("NotImplemented", "cgroups are made directly, not by systemd: use the cgroupfs manager");
    command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!command) throw new EngineError("InvalidParameter", `unknown command ${JSON.stringify(name.slice(0, 64))}`);
    if (rest.includes("--help")) return printed(program, `usage: hako-runtime ${command.usage}\n`);
    using spawner = program.spawner();
    const report = reporter(program, flags);
    const ctx = { root: flags.value("root") ?? program.defaultRoot, version: program.version, spawner, print: program.print, warn: (sentence: string) => report("warning", sentence) };
    return (await command.run(ctx, new Given(parseWords(rest, command.flags, command.short)))) ?? 0;
  } catch (error) {
    program.printError(`hako-runtime: ${messageOf(error)}\n`);
    if (flags?.value("log") !== undefined) reporter(program, flags)("error", messageOf(error));
    return command?.failure ?? 1;
  }
}

function printed(program: RuntimeProgram, text: string): number {
  program.print(text);
  return 0;
}

function usage(): string {
  return `usage: hako-runtime [--root DIR] [--log FILE] [--log-format text|json] COMMAND\n\n${Object.values(COMMANDS).map((command) => `  ${command.usage}\n`).join("")}`;
}

/** Lines for whoever started us: in the file that --log names, as logrus writes them. */
function reporter(program: RuntimeProgram, flags: Given): (level: "warning" | "error", msg: string) => void {
  const path = flags.value("log");
  return (level, msg) => {
    const time = new Date().toISOString();
    if (path === undefined) return program.printError(`hako-runtime: ${level}: ${msg}\n`);
    const line = flags.value("log-format") === "json" ? JSON.stringify({ level, msg, time }) : `time=${JSON.stringify(time)} level=${level} msg=${JSON.stringify(msg)}`;
    try {
      appendFileSync(path, `${line}\n`);
    } catch (error) {
      program.printError(`hako-runtime: ${messageOf(error)}\n`);
    }
  };
}
