import { renameSync, writeFileSync } from "node:fs";
import { nowNs } from "../../base/mod.ts";
import type { BuildFailure, BuildResult } from "../../spec/mod.ts";
import type { BuildEnd } from "../build/connection.ts";
import { startBuild, type RunningBuild } from "../build/engine-build.ts";
import { chooseDisplay, type ChosenDisplay } from "../build/progress/choose-display.ts";
import { failedOutput, safeExcerpt, warningsText } from "../build/progress/summary.ts";
import { prepareBuild, type PreparedBuild } from "../build/request.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { err, out, printable } from "../output.ts";

const EXIT_SIGINT = 128 + 2;

export async function run(invocation: Invocation): Promise<number> {
  const { flags, global } = invocation;
  const debug = flags.bool("debug") || global.bool("debug");
  const display = await chooseDisplay({ progress: flags.string("progress"), quiet: flags.bool("quiet") });
  const prepared = await prepareBuild(invocation);
  try {
    const { build, end } = await connected(invocation, prepared, display);
    if ("done" in end) {
      await build.close();
      return succeed(end.done, flags, prepared, display, debug);
    }
    if (display.mode !== "rawjson" && display.mode !== "none" && display.mode !== "quiet") err(failedOutput(display.trace, end.failed));
    if (debug && end.failed.shell && build.channel) await (await import("../build/debug-shell.ts")).openDebugShell(build.channel);
    await build.close();
    return fail(end.failed, display, debug);
  } finally {
    prepared.dispose();
  }
}

async function connected(invocation: Invocation, prepared: PreparedBuild, display: ChosenDisplay): Promise<{ build: RunningBuild; end: BuildEnd }> {
  const build = await startBuild(invocation, prepared, (event) => display.show(event));
  let cancelled = false;
  const cancel = (): void => {
    // Whoever presses it again does not want to wait.
    if (cancelled) process.exit(EXIT_SIGINT);
    cancelled = true;
    for (const { state } of display.trace.started) if (state.completedNs === undefined) display.show({ type: "vertex", vertex: { ...state, completedNs: nowNs(), error: "CANCELED" } });
    void build.close();
  };
  process.on("SIGINT", cancel);
  process.on("SIGTERM", cancel);
  try {
    const end = await build.end;
    display.finish("failed" in end);
    return { build, end };
  } catch (error) {
    display.finish(true);
    if (cancelled) throw new Failure("ERROR: failed to build: failed to solve: Canceled: context canceled", EXIT_SIGINT);
    throw error instanceof Failure ? error : new Failure(`ERROR: failed to build: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    process.removeListener("SIGINT", cancel);
    process.removeListener("SIGTERM", cancel);
  }
}

function succeed({ imageId, metadata, answer }: BuildResult, flags: Flags, { callJson }: PreparedBuild, display: ChosenDisplay, debug: boolean): number {
  if (answer) {
    out(callJson ? `${JSON.stringify(answer.json, undefined, 2)}\n` : safeExcerpt(answer.text));
    return answer.statusCode;
  }
  tellWarnings(display, debug);
  const iidFile = flags.string("iidfile");
  if (iidFile) writeWhole(iidFile, imageId ?? "");
  const metadataFile = flags.string("metadata-file");
  if (metadataFile) writeWhole(metadataFile, `${JSON.stringify(metadata, undefined, 2)}\n`);
  if (display.mode === "quiet" && flags.bool("quiet") && imageId) out(`${imageId}\n`);
  return 0;
}

function fail({ message, excerpt }: BuildFailure, display: ChosenDisplay, debug: boolean): number {
  tellWarnings(display, debug);
  err(safeExcerpt(excerpt));
  throw new Failure(`ERROR: failed to build: ${message.split("\n").map(printable).join("\n")}`);
}

function tellWarnings({ mode, colors, trace }: ChosenDisplay, debug: boolean): void {
  if (mode !== "quiet" && mode !== "rawjson") err(warningsText(trace.warnings, { debug, colors }));
}

/** There is the whole or nothing. */
function writeWhole(path: string, text: string): void {
  const temporary = `${path}.hako-${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}
