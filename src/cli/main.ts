import { Client, DEFAULT_HOST, parseEndpoint } from "../client/mod.ts";
import { checkArguments } from "./arguments.ts";
import type { CommandSpec, Entry } from "./command.ts";
import { provideEngine } from "./engine-program.ts";
import { Failure } from "./failure.ts";
import type { Flags } from "./flags.ts";
import { GLOBAL_FLAGS } from "./global-flags.ts";
import { err, out } from "./output.ts";
import { parseLine } from "./parse.ts";
import { report } from "./report.ts";
import { resolveCommand } from "./resolve.ts";

async function main(words: readonly string[]): Promise<number> {
  let path: readonly string[] = [];
  let command: CommandSpec | undefined;
  try {
    if (words[0] === "__extract") return await extract(words.slice(1));
    const line = parseLine(words, GLOBAL_FLAGS, false);
    if (line.flags.bool("version")) return await printVersion();
    const [first, ...others] = line.args;
    if (first === undefined) return await printRootHelp();
    if (first === "help") return await help(others);
    const resolved = resolveCommand(line.args);
    path = resolved.path;
    command = resolved.entry.command;
    if (!command) return await printGroupHelp(path, resolved.entry, resolved.rest.includes("--help") ? out : err);
    const parsed = parseLine(resolved.rest, command.flags, command.interspersed ?? true);
    if (parsed.wantsHelp) return await printCommandHelp(path, command);
    checkArguments(parsed.args.length, command.args, path);
    const host = chooseHost(line.flags);
    const client = new Client(parseEndpoint(host), host === DEFAULT_HOST && process.getuid?.() === 0 ? startEngineOnce : undefined);
    const module = await command.load();
    return await module.run({ path, flags: parsed.flags, args: parsed.args, client, host });
  } catch (error) {
    return report(error, path, command);
  }
}

/** Nobody listens where the engine should: root may start it. */
async function startEngineOnce(): Promise<void> {
  await (await import("./start-engine.ts")).startEngine();
}

function chooseHost(flags: Flags): string {
  const written = flags.list("host");
  if (written.length > 1) throw new Failure("Specify only one -H");
  const context = flags.string("context") ?? "default";
  if (context !== "default") throw new Failure(written.length > 0 ? "conflicting options: cannot specify both --host and --context" : `context ${JSON.stringify(context)}: context not found: there are no contexts, -H chooses the engine`);
  if (flags.changed("config")) err("WARNING: --config has no effect: no configuration files are read\n");
  return written[0] ?? (process.env["HAKO_HOST"] || process.env["DOCKER_HOST"] || DEFAULT_HOST);
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
  out((await import("./help.ts")).commandHelp(path, command));
  return 0;
}

async function help(words: readonly string[]): Promise<number> {
  if (words.length === 0) return printRootHelp();
  let resolved;
  try {
    resolved = resolveCommand(words);
  } catch {
    throw new Failure(`unknown help topic: ${words.join(" ")}`);
  }
  return resolved.entry.command ? printCommandHelp(resolved.path, resolved.entry.command) : printGroupHelp(resolved.path, resolved.entry);
}

/** The engine's own helper process: this executable, with few capabilities. */
async function extract(words: readonly string[]): Promise<number> {
  return (await import("../extract.ts")).extractMain(words);
}

provideEngine(() => import("../daemon.ts"));
process.exit(await main(process.argv.slice(2)));
