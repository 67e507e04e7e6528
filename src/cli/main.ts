import { Client, DEFAULT_HOST } from "../client/mod.ts";
import { checkArguments } from "./arguments.ts";
import { flagsOf, PROGRAM, type CommandSpec, type Entry } from "./command.ts";
import { configFolder, loadConfig, type LoadedConfig } from "./config-file.ts";
import { chooseContext, chooseEngine } from "./engine-choice.ts";
import { provideEngine } from "./engine-program.ts";
import { Failure } from "./failure.ts";
import type { Flags } from "./flags.ts";
import { GLOBAL_FLAGS } from "./global-flags.ts";
import { err, out } from "./output.ts";
import { parseLine } from "./parse.ts";
import { report } from "./report.ts";
import { findGroup, resolveCommand } from "./resolve.ts";

async function main(words: readonly string[]): Promise<number> {
  let path: readonly string[] = [];
  let command: CommandSpec | undefined;
  try {
    const runtimeWords = asRuntime(words);
    if (runtimeWords) return await (await import("../hako-runtime.ts")).runtimeMain(runtimeWords);
    if (words[0] === "__extract" || words[0] === "__tree") return await helper(words[0], words.slice(1));
    if (words[0] === "__complete" || words[0] === "__completeNoDesc") return await completion(words[0], words.slice(1));
    const line = parseLine(words, GLOBAL_FLAGS, false);
    checkLogLevel(line.flags.string("log-level"));
    if (line.flags.bool("version")) return await printVersion();
    const [first, ...others] = line.args;
    if (first === undefined) return await printRootHelp();
    if (first === "help") return await help(others);
    const resolved = resolveCommand(line.args);
    if (!resolved) return await printNearestHelp(line.args);
    path = resolved.path;
    command = resolved.entry.command;
    if (!command) return await printGroupHelp(path, resolved.entry, resolved.rest.includes("--help") ? out : err);
    const parsed = parseLine(resolved.rest, command.loadFlags ? await flagsOf(command) : command.flags, command.interspersed ?? true);
    if (parsed.wantsHelp) return await printCommandHelp(path, command);
    checkArguments(parsed.args.length, command.args, path);
    const config = await readConfig(line.flags);
    const context = chooseContext(line.flags, config.file);
    const { client, host } = await openClient(command, context, line.flags, config);
    if (Object.keys(config.file).length > 0) (await import("./configured-flags.ts")).applyConfiguration({ flags: parsed.flags, host, command, file: config.file });
    const module = await command.load();
    return await module.run({ path, flags: parsed.flags, args: parsed.args, client, host, config, context, global: line.flags });
  } catch (error) {
    return report(error, path, command);
  }
}

/** Nobody listens where the engine should: root may start it. */
async function startEngineOnce(): Promise<void> {
  await (await import("./start-engine.ts")).startEngine();
}

/** It chooses nothing here, but a wrong one is a mistake worth telling. */
function checkLogLevel(level: string | undefined): void {
  if (level !== undefined && !/^(trace|debug|info|warn|warning|error|fatal|panic)$/i.test(level)) throw new Failure(`Unable to parse logging level: ${level}`);
}

async function readConfig(flags: Flags): Promise<LoadedConfig> {
  const config = loadConfig(configFolder(flags.string("config")));
  if (config.problem) err((await import("./config-problem.ts")).configWarning(config));
  return config;
}

/** What a local command is given talks to nobody. */
async function openClient(command: CommandSpec, context: string, flags: Flags, config: LoadedConfig): Promise<{ client: Client; host: string }> {
  if (command.local) return { client: new Client({ kind: "unix", path: "" }), host: "" };
  const { host, endpoint } = await chooseEngine(context, flags, config);
  const mayStart = endpoint.kind === "unix" && `unix://${endpoint.path}` === DEFAULT_HOST && process.getuid?.() === 0;
  return { host, client: new Client(endpoint, mayStart ? startEngineOnce : undefined, config.file.HttpHeaders, PROGRAM === "docker") };
}

async function printVersion(): Promise<number> {
  const { VERSION } = await import("./build-info.ts");
  out(`Hakobune version ${VERSION}\n`);
  return 0;
}

async function printRootHelp(): Promise<number> {
  out((await import("./help.ts")).rootHelp());
  return 0;
}

async function printGroupHelp(path: readonly string[], entry: Entry, print = out): Promise<number> {
  print((await import("./help.ts")).groupHelp(path, entry));
  return 0;
}

async function printCommandHelp(path: readonly string[], command: CommandSpec): Promise<number> {
  out(await (await import("./help.ts")).commandHelp(path, command));
  return 0;
}

/** `--help` after a name that there is not shows what there is. */
async function printNearestHelp(words: readonly string[]): Promise<number> {
  const group = findGroup(words[0] ?? "");
  return group ? printGroupHelp([group.name], group) : printRootHelp();
}

async function completion(name: string, words: readonly string[]): Promise<number> {
  return (await import("./completion/mod.ts")).complete(words, name === "__complete");
}

async function help(words: readonly string[]): Promise<number> {
  if (words.length === 0) return printRootHelp();
  let resolved;
  try {
    resolved = resolveCommand(words);
  } catch {
    throw new Failure(`unknown help topic: ${words.join(" ")}`);
  }
  return resolved?.entry.command ? printCommandHelp(resolved.path, resolved.entry.command) : printNearestHelp(words);
}

/** The engine's own helper processes: this executable, with few capabilities. */
/** The words of the OCI runtime: by the name under which this executable was called, or as `hako runtime …`. */
function asRuntime(words: readonly string[]): readonly string[] | undefined {
  if (process.argv0.endsWith("hako-runtime")) return words;
  return words[0] === "runtime" ? words.slice(1) : undefined;
}

async function helper(name: "__extract" | "__tree", words: readonly string[]): Promise<number> {
  const { extractMain, treeMain } = await import("../extract.ts");
  return await (name === "__tree" ? treeMain(words) : extractMain(words));
}

provideEngine(() => import("../daemon.ts"));
process.exit(await main(process.argv.slice(2)));
