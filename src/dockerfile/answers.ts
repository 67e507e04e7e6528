import type { CheckResult, Warning } from "./check.ts";
import type { Dockerfile } from "./dockerfile.ts";
import { DockerfileError, renderExcerpt } from "./errors.ts";
import type { Outline } from "./outline.ts";
import type { Source, SourceRange } from "./source.ts";

/** What `docker build --call` prints: BuildKit's JSON, and the text that people read. */
export interface CallAnswer {
  readonly json: unknown;
  readonly text: string;
  /** The exit code of the command. */
  readonly statusCode: number;
}

/** `--call=check`. An error is that of the parser, or what the checks met. */
export function checkAnswer({ source }: Dockerfile, { warnings, error: met }: CheckResult, parseError?: DockerfileError): CallAnswer {
  const error = parseError ?? met;
  const json = {
    warnings: warnings.length === 0 ? null : warnings.map((warning) => warningJSON(warning)),
    sources: [{ filename: source.filename, data: base64Of(source), language: "Dockerfile" }],
    ...(error && { buildError: { message: error.message, location: { ranges: error.ranges.flatMap(lineRanges) } } }),
  };
  return { json, text: checkText(source, warnings, error), statusCode: warnings.length > 0 || error !== undefined ? 1 : 0 };
}

const warningJSON = ({ rule, description, url, detail, range }: Warning): object => ({ ruleName: rule, description, ...(url !== "" && { url }), detail, location: { ranges: lineRanges(range) } });

function checkText(source: Source, warnings: readonly Warning[], error: DockerfileError | undefined): string {
  const found = warnings.length === 1 ? "1 warning has been found!" : `${warnings.length} warnings have been found!`;
  const head = warnings.length > 0 ? `Check complete, ${found}\n` : error === undefined ? "Check complete, no warnings found.\n" : "";
  const inOrder = warnings.toSorted((a, b) => a.range.start.line - b.range.start.line);
  const body = inOrder.map(({ rule, url, detail, range }) => `\nWARNING: ${rule}${url && ` - ${url}`}\n${detail}\n${renderExcerpt(source, [range])}`).join("");
  const last = error === undefined ? "" : `${warnings.length > 0 ? "\n" : ""}ERROR: ${error.message}\n${error.excerpt()}`;
  return head + body + last;
}

/** `--call=targets`. */
export function targetsAnswer({ stages, source }: Dockerfile): CallAnswer {
  const isDefault = (index: number): boolean => index === stages.length - 1;
  const targets = stages.map(({ name, index, description, baseName, platform, range }) => ({
    ...(name !== undefined && { name }),
    ...(isDefault(index) && { default: true }),
    ...(description !== undefined && { description }),
    base: baseName,
    ...(platform !== undefined && { platform }),
    location: { ranges: lineRanges(range) },
  }));
  const rows = stages.map(({ name = "", index, description = "" }) => [isDefault(index) ? `${name} (default)`.trimStart() : name, description]);
  return { json: { targets, sources: [base64Of(source)] }, text: table([["TARGET", "DESCRIPTION"], ...rows], 1), statusCode: 0 };
}

/** `--call=outline`. */
export function outlineAnswer({ source }: Dockerfile, { target, args, secrets, ssh }: Outline): CallAnswer {
  const { name, description } = target;
  const json = {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(args.length > 0 && { args: args.map((arg) => ({ name: arg.name, ...(arg.description && { description: arg.description }), ...(arg.value && { value: arg.value }), ...located(arg) })) }),
    ...(secrets.length > 0 && { secrets: secrets.map(givenJSON) }),
    ...(ssh.length > 0 && { ssh: ssh.map(givenJSON) }),
    sources: [base64Of(source)],
  };
  const heading = name === undefined && description === undefined ? [] : [["TARGET:", name ?? "(default)"], ...(description === undefined ? [] : [["DESCRIPTION:", description]])];
  const given = (title: string, items: typeof secrets): string[][] => (items.length === 0 ? [] : [[title, "REQUIRED"], ...items.map((item) => [item.name, item.required ? "true" : ""])]);
  const listed = args.length === 0 ? [] : [["BUILD ARG", "VALUE", "DESCRIPTION"], ...args.map((arg) => [arg.name, arg.value, arg.description])];
  const text = [table(heading, 1), table(listed, 3), table(given("SECRET", secrets), 3), table(given("SSH", ssh), 3)];
  return { json, text: text.filter(Boolean).map((part) => `${part}\n`).join(""), statusCode: 0 };
}

const givenJSON = (item: { readonly name: string; readonly required: boolean; readonly range: SourceRange }): object => ({ name: item.name, ...(item.required && { required: true }), ...located(item) });
const located = ({ range }: { readonly range: SourceRange }): object => ({ location: { ranges: lineRanges(range) } });

/** BuildKit knows lines only, one range for each. */
function lineRanges({ start, end }: SourceRange): object[] {
  return Array.from({ length: end.line - start.line + 1 }, (_, index) => ({ start: { line: start.line + index }, end: { line: start.line + index } }));
}

const base64Of = ({ lines }: Source): string => Buffer.from(lines.join("\n")).toString("base64");

/** Columns as wide as their widest cell and the padding; the last one is as it is. */
function table(rows: readonly (readonly string[])[], padding: number): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + padding) ?? [];
  return rows.map((row) => `${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("")}\n`).join("");
}
