import type { BuildEvent } from "../../../spec/mod.ts";
import { Failure } from "../../failure.ts";
import { err } from "../../output.ts";
import { isatty } from "node:tty";
import { PROGRESS_MODES, type Display, type ProgressMode } from "./display.ts";
import { PlainDisplay } from "./plain.ts";
import { RawJsonDisplay } from "./raw-json.ts";
import { Trace } from "./trace.ts";

export interface ChosenDisplay extends Display {
  readonly mode: ProgressMode;
  readonly trace: Trace;
  /** Colours may be used. */
  readonly colors: boolean;
}

/** `--progress`, BUILDKIT_PROGRESS, and what standard error is. @throws Failure in docker's words */
export async function chooseDisplay({ progress, quiet }: { readonly progress: string | undefined; readonly quiet: boolean }): Promise<ChosenDisplay> {
  const wanted = quiet ? "quiet" : progress || process.env["BUILDKIT_PROGRESS"] || "auto";
  const mode = PROGRESS_MODES.find((each) => each === wanted);
  if (!mode) throw new Failure(`ERROR: invalid progress mode ${wanted}`);
  const terminal = isatty(2);
  if (mode === "tty" && !terminal) throw new Failure("ERROR: failed to get console: provided file is not a console");
  const colors = terminal && !process.env["NO_COLOR"];
  if (mode === "tty" || (mode === "auto" && terminal)) {
    const { TreeDisplay } = await import("./tree.ts");
    const display = new TreeDisplay({ write: err, size: () => ({ columns: process.stderr.columns || 80, rows: process.stderr.rows || 24 }), colors: colors ? process.env["BUILDKIT_COLORS"] ?? "" : undefined });
    return { mode: "tty", colors, trace: display.trace, show: (event) => display.show(event), finish: (failed) => display.finish(failed) };
  }
  if (mode === "rawjson") return traced(mode, colors, new RawJsonDisplay(err));
  if (mode === "quiet" || mode === "none") return traced(mode, colors, { show: () => undefined, finish: () => undefined });
  const display = new PlainDisplay(err, 'building with "default" instance using docker driver');
  return { mode: "plain", colors, trace: display.trace, show: (event) => display.show(event), finish: () => display.finish() };
}

/** What shows nothing of failures still remembers what there is to tell of them. */
function traced(mode: ProgressMode, colors: boolean, display: Display): ChosenDisplay {
  const trace = new Trace();
  return {
    mode, colors, trace,
    show: (event: BuildEvent) => {
      trace.update(event);
      trace.takeChanged();
      display.show(event);
    },
    finish: (failed) => display.finish(failed),
  };
}
