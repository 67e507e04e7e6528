import { Client, DEFAULT_HOST } from "../client/mod.ts";
import { checkArguments } from "./arguments.ts";
import { flagsOf, PROGRAM, type CommandSpec } from "./command.ts";
import { configFolder, loadConfig, type LoadedConfig } from "./config-file.ts";
import { chooseContext, chooseEngine } from "./engine-choice.ts";
import { Failure } from "./failure.ts";
import type { Flags } from "./flags.ts";
import { err } from "./output.ts";
import { parseLine } from "./parse.ts";
import { quickCommand } from "./table/quick.ts";

interface Found {
  readonly path: readonly string[];
  readonly command: CommandSpec;
  readonly rest: readonly string[];
  readonly group?: Flags | undefined;
}

/** Finds the command that `words` name, and runs it. Only what this one command needs is loaded. @returns the exit code */
export async function invoke(words: readonly string[], global: Flags): Promise<number> {
  const found = await find(words);
  if (typeof found === "number") return found;
  try {
    return await call(found, global);
  } catch (error) {
    return (await import("./report.ts")).report(error, found.path, found.command);
  }
}

/** A number when help was shown instead. */
async function find(words: readonly string[]): Promise<Found | number> {
  const [name = ""] = words;
  const quick = await quickCommand(name);
  if (quick) return { path: [name], command: quick, rest: words.slice(1) };
  const { resolveCommand } = await import("./resolve.ts");
  const resolved = resolveCommand(words);
  if (!resolved) return (await import("./show-help.ts")).showNearestHelp(words);
  const { entry, path, rest, group } = resolved;
  if (!entry.command) return (await import("./show-help.ts")).showGroupHelp(path, entry, rest.includes("--help"));
  return { path, command: entry.command, rest, group };
}

async function call({ path, command, rest, group }: Found, global: Flags): Promise<number> {
  const parsed = parseLine(rest, command.loadFlags ? await flagsOf(command) : command.flags, command.interspersed ?? true);
  if (parsed.wantsHelp) return (await import("./show-help.ts")).showCommandHelp(path, command);
  checkArguments(parsed.args.length, command.args, path);
  const config = loadConfig(configFolder(global.string("config")));
  if (config.problem) err((await import("./config-problem.ts")).configWarning(config));
  const context = chooseContext(global, config.file);
  const { client, host } = await openClient(command, context, global, config);
  if (Object.keys(config.file).length > 0) (await import("./configured-flags.ts")).applyConfiguration({ flags: parsed.flags, host, command, file: config.file });
  const module = await command.load();
  return await module.run({ path, flags: parsed.flags, args: parsed.args, client, host, config, context, global, group });
}

/** What a local command is given talks to nobody. */
async function openClient(command: CommandSpec, context: string, flags: Flags, config: LoadedConfig): Promise<{ client: Client; host: string }> {
  if (command.local) return { client: new Client({ kind: "unix", path: "" }), host: "" };
  const { host, endpoint } = await chooseEngine(context, flags, config);
  const mayStart = endpoint.kind === "unix" && `unix://${endpoint.path}` === DEFAULT_HOST && process.getuid?.() === 0;
  return { host, client: new Client(endpoint, mayStart ? startEngineOnce : undefined, config.file.HttpHeaders, PROGRAM === "docker") };
}

/** Nobody listens where the engine should: root may start it. */
async function startEngineOnce(): Promise<void> {
  await (await import("./start-engine.ts")).startEngine();
}

/** It chooses nothing here, but a wrong one is a mistake worth telling. */
export function checkLogLevel(level: string | undefined): void {
  if (level !== undefined && !/^(trace|debug|info|warn|warning|error|fatal|panic)$/i.test(level)) throw new Failure(`Unable to parse logging level: ${level}`);
}
