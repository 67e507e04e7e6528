import { provideEngine } from "./engine-program.ts";
import { GLOBAL_FLAGS } from "./global-flags.ts";
import { checkLogLevel, invoke } from "./invoke.ts";
import { out, outputWritten } from "./output.ts";
import { parseLine } from "./parse.ts";
import { provideRegistry } from "./registry-program.ts";

async function main(words: readonly string[]): Promise<number> {
  try {
    return (await runOther(words)) ?? (await runCommandLine(words));
  } catch (error) {
    return (await import("./report.ts")).report(error, [], undefined);
  }
}

/** What this executable is besides the command line. */
async function runOther(words: readonly string[]): Promise<number | undefined> {
  const [name = "", ...others] = words;
  const runtimeWords = asRuntime(words);
  if (runtimeWords) return (await import("../hako-runtime.ts")).runtimeMain(runtimeWords);
  if (!name.startsWith("__")) return undefined;
  if (name === "__extract") return (await import("../extract.ts")).extractMain(others);
  if (name === "__gzip") return (await import("../extract.ts")).gzipMain();
  if (name === "__layers") return (await import("../extract.ts")).layerPackerMain();
  if (name === "__mount") return (await import("../extract.ts")).mountMain(others);
  if (name === "__build") return (await import("../extract.ts")).buildWorkerMain();
  if (name === "__tree") return (await import("../extract.ts")).treeMain(others);
  if (name === "__complete" || name === "__completeNoDesc") return (await import("./completion/mod.ts")).complete(others, name === "__complete");
  return undefined;
}

/** The words of the OCI runtime: by the name under which this executable was called, or as `hako runtime …`. */
function asRuntime(words: readonly string[]): readonly string[] | undefined {
  if (process.argv0.endsWith("hako-runtime")) return words;
  return words[0] === "runtime" ? words.slice(1) : undefined;
}

async function runCommandLine(words: readonly string[]): Promise<number> {
  const line = parseLine(words, GLOBAL_FLAGS, false);
  checkLogLevel(line.flags.string("log-level"));
  if (line.flags.bool("version")) return printVersion();
  const [first, ...others] = line.args;
  if (first === undefined) return (await import("./show-help.ts")).showRootHelp();
  if (first === "help") return (await import("./show-help.ts")).help(others);
  return invoke(line.args, line.flags);
}

async function printVersion(): Promise<number> {
  const { VERSION } = await import("./build-info.ts");
  out(`Hakobune version ${VERSION}\n`);
  return 0;
}

provideEngine(() => import("../daemon.ts"));
provideRegistry(() => import("../registry-server.ts"));
const code = await main(process.argv.slice(2));
await outputWritten();
process.exit(code);
