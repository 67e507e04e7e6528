import type { ComposeContext } from "../../compose/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { stdoutColumns } from "../terminal.ts";
import { warn } from "../commands/compose/project-options.ts";
import { ansiOf } from "./colours.ts";
import { DRY_RUN_PREFIX, isDryRun } from "./dry-run.ts";
import { DryRunClient, dryImageWork } from "./dry-run-client.ts";
import { imageWork } from "./image-work.ts";
import { providerPrograms } from "./provider-program.ts";
import { progressView, type ProgressMode, type ProgressView } from "./progress-view.ts";

export interface OpenContext extends ComposeContext, Disposable {
  readonly view: ProgressView;
}

const MODES = ["auto", "tty", "plain", "json", "quiet"] as const;

/** What a command that changes a project works with: its progress goes to standard error, ctrl-c ends what is waited for. */
export function openContext(invocation: Invocation, { quiet = false, mode = progressMode(invocation), signal = new AbortController().signal }: { readonly quiet?: boolean; readonly mode?: ProgressMode; readonly signal?: AbortSignal } = {}): OpenContext {
  const { group } = invocation;
  const dryRun = isDryRun(invocation);
  const view = progressView(quiet ? "quiet" : mode, dryRun ? DRY_RUN_PREFIX : "");
  const dry = dryRun ? new DryRunClient(invocation.client) : undefined;
  return {
    client: dry ?? invocation.client,
    dryRun,
    tell: (event) => view.tell(event),
    parallel: parallelOf(group?.number("parallel")),
    warn,
    signal,
    images: dry ? dryImageWork(dry, view) : imageWork(invocation, view),
    providers: providerPrograms(view),
    view,
    [Symbol.dispose]: () => view.end(),
  };
}

/** -1: no limit. */
function parallelOf(flag: number | undefined): number {
  const said = flag !== undefined && flag >= 0 ? flag : Number(process.env["COMPOSE_PARALLEL_LIMIT"] ?? -1);
  return said > 0 ? said : Infinity;
}

export function progressMode({ group }: Invocation): ProgressMode {
  const said = group?.string("progress") || process.env["COMPOSE_PROGRESS"] || "auto";
  const mode = MODES.find((each) => each === said);
  if (!mode) throw new Failure(`unsupported --progress value ${JSON.stringify(said)}`);
  const ansi = ansiOf({ group });
  if (mode !== "auto") return mode;
  if (ansi === "never") return "plain";
  return ansi === "always" || stdoutColumns(2) ? "tty" : "plain";
}
