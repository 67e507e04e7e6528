import type { BuildFailure, BuildWarning } from "../../../spec/mod.ts";
import { printable } from "../../output.ts";
import { warningText } from "./plain.ts";
import { lineTime, safeOutput, type Trace } from "./trace.ts";

const YELLOW = "\x1b[33m";
const PLAIN = "\x1b[0m";

/** What the step that failed has printed, as BuildKit repeats it at the end; "" where no step did. */
export function failedOutput(trace: Trace, failure: BuildFailure): string {
  const failed = (failure.vertex && trace.vertices.get(failure.vertex)) ?? trace.started.findLast(({ state }) => state.error !== undefined && state.error !== "" && state.error !== "CANCELED");
  if (!failed) return "";
  const { state, last, partial } = failed;
  const lines = [...last, ...(partial ? [partial] : [])].map(({ text, timeNs }) => `${lineTime(state.startedNs ?? 0n, timeNs)} ${safeOutput(text)}\n`);
  return `------\n > ${state.name.split("\n").map(printable).join(" ")}:\n${lines.join("")}------\n`;
}

/** Lines of the Dockerfile as they are, without what would speak to the terminal. */
export const safeExcerpt = (excerpt: string): string => excerpt.split("\n").map((line) => printable(line.replaceAll("\t", "    "))).join("\n");

export function warningsText(warnings: readonly BuildWarning[], { debug, colors }: { readonly debug: boolean; readonly colors: boolean }): string {
  if (warnings.length === 0) return "";
  const title = `${warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`} found${debug ? "" : " (use docker --debug to expand)"}:\n`;
  const lines = warnings.map(({ rule, description, line, detail, url, excerpt }) => {
    const short = ` - ${printable(warningText(rule, detail, line))}\n`;
    return debug ? `${short}${description ? `${printable(description)}\n` : ""}${url ? `More info: ${printable(url)}\n` : ""}${safeExcerpt(excerpt)}\n` : short;
  });
  return `\n ${colors ? YELLOW : ""}${title}${colors ? PLAIN : ""}${lines.join("")}`;
}
