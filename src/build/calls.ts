import { neededStages, renderExcerpt, StageScope, type ArgInstruction, type CheckResult, type Dockerfile, type Environment, type SourceRange, type Stage, type StageBaseName } from "../dockerfile/mod.ts";
import type { BuildResult } from "./request.ts";

type Answer = NonNullable<BuildResult["answer"]>;

/** What a Dockerfile is asked without being built. */
export interface AskedFile {
  readonly file: Dockerfile;
  readonly bases: readonly StageBaseName[];
  readonly target: Stage;
  readonly globals: Environment;
  readonly buildArgs: Readonly<Record<string, string>>;
}

const located = ({ start, end }: SourceRange): object => ({ ranges: [{ start: { line: start.line }, end: { line: end.line } }] });
const dataOf = ({ source }: Dockerfile): string => Buffer.from(source.lines.join("\n")).toString("base64");

/** `--check` */
export function checkAnswer(file: Dockerfile, { warnings, error }: CheckResult): Answer {
  const count = warnings.length;
  const title = count === 0 ? "Check complete, no warnings found." : `Check complete, ${count} warning${count === 1 ? " has" : "s have"} been found!`;
  const blocks = warnings.map(({ rule, url, detail, range }) => `\nWARNING: ${rule} - ${url}\n${detail}\n${renderExcerpt(file.source, [range])}`);
  return {
    text: `${title}\n${blocks.join("")}`,
    json: {
      warnings: warnings.map(({ rule, description, url, detail, range }) => ({ ruleName: rule, description, url, detail, location: located(range) })),
      sources: [{ filename: file.source.filename, data: dataOf(file) }],
      ...(error !== undefined && { buildError: { message: error.message, location: { ranges: error.ranges.map(({ start, end }) => ({ start: { line: start.line }, end: { line: end.line } })) } } }),
    },
    statusCode: count > 0 || error !== undefined ? 1 : 0,
  };
}

/** `--call=targets` */
export function targetsAnswer(file: Dockerfile, bases: readonly StageBaseName[]): Answer {
  const last = file.stages.length - 1;
  const targets = file.stages.map(({ name, description, range, index }) => ({ ...(name !== undefined && { name }), ...(index === last && { default: true }), ...(description !== undefined && { description }), base: bases[index]?.baseName ?? "", location: located(range) }));
  const rows = targets.map(({ name = "", default: isDefault, description = "" }) => [isDefault ? `${name}${name === "" ? "" : " "}(default)` : name, description]);
  return { json: { targets, sources: [dataOf(file)] }, text: table([["TARGET", "DESCRIPTION"], ...rows], 1), statusCode: 0 };
}

interface OutlineArg {
  readonly name: string;
  readonly description?: string;
  readonly value?: string;
  readonly location: object;
}

/** `--call=outline` */
export function outlineAnswer(asked: AskedFile): Answer {
  const { file, bases, target } = asked;
  const needed = neededStages(file, bases, target);
  const stages = file.stages.filter(({ index }) => needed.has(index));
  const args = outlineArgs(asked, stages);
  const mounts = stages.flatMap(({ instructions }) => instructions).flatMap((instruction) => (instruction.kind === "run" ? instruction.mountFlags.map(({ text }) => ({ fields: fieldsOf(text), range: instruction.range })) : []));
  const named = (type: string, name: (fields: Readonly<Record<string, string>>) => string): object[] => {
    const found = mounts.filter(({ fields }) => fields["type"] === type).map(({ fields, range }) => [name(fields), { name: name(fields), ...(isRequired(fields) && { required: true }), location: located(range) }] as const);
    return [...new Map(found).values()];
  };
  const secrets = named("secret", ({ id, src, source, target: place, dst }) => id ?? src ?? source ?? (place ?? dst ?? "").split("/").at(-1) ?? "");
  const ssh = named("ssh", ({ id }) => id ?? "default");
  const { name, description } = target;
  const head = name === undefined ? "" : `${table([["TARGET:", name], ...(description === undefined ? [] : [["DESCRIPTION:", description]])], 1)}\n`;
  const blocks = [
    args.length > 0 ? table([["BUILD ARG", "VALUE", "DESCRIPTION"], ...args.map((arg) => [arg.name, arg.value ?? "", arg.description ?? ""])], 3) : "",
    ...[["SECRET", secrets] as const, ["SSH", ssh] as const].map(([title, list]) => (list.length > 0 ? table([[title, "REQUIRED"], ...list.map((entry) => [(entry as { name: string }).name, "required" in entry ? "true" : ""])], 3) : "")),
  ].filter((block) => block !== "");
  const json = { ...(name !== undefined && { name }), ...(description !== undefined && { description }), ...(args.length > 0 && { args }), ...(secrets.length > 0 && { secrets }), ...(ssh.length > 0 && { ssh }), sources: [dataOf(file)] };
  return { json, text: `${head}${blocks.join("\n")}\n`, statusCode: 0 };
}

/** Each name once, where it is said first. */
function outlineArgs({ file, globals, buildArgs }: AskedFile, stages: readonly Stage[]): OutlineArg[] {
  const found = new Map<string, OutlineArg>();
  const add = ({ args, range }: ArgInstruction): void => {
    for (const { name, defaultValue, description } of args) {
      if (found.has(name)) continue;
      found.set(name, { name, ...(description !== undefined && { description }), ...(defaultValue !== undefined && { value: defaultValue }), location: located(range) });
    }
  };
  for (const instruction of file.metaArgs) add({ ...instruction, args: instruction.args.map((arg) => withValue(arg, globals.get(arg.name))) });
  for (const stage of stages) {
    const scope = StageScope.ofImage([], { globals, buildArgs, escape: file.directives.escape });
    for (const instruction of stage.instructions) {
      if (instruction.kind !== "arg" && instruction.kind !== "env") continue;
      const { instruction: expanded } = scope.step(instruction);
      if (expanded.kind === "arg") add(expanded);
    }
  }
  return [...found.values()];
}

function withValue(arg: ArgInstruction["args"][number], value: string | undefined): ArgInstruction["args"][number] {
  return value === undefined ? arg : { ...arg, defaultValue: value };
}

function fieldsOf(mount: string): Record<string, string> {
  return Object.fromEntries(mount.split(",").map((field) => {
    const equals = field.indexOf("=");
    return equals < 0 ? [field.toLowerCase(), "true"] : [field.slice(0, equals).toLowerCase(), field.slice(equals + 1)];
  }));
}

const isRequired = ({ required }: Readonly<Record<string, string>>): boolean => required !== undefined && ["1", "t", "true"].includes(required.toLowerCase());

/** Columns as wide as they must be; the last one as it is. */
function table(rows: readonly (readonly string[])[], gap: number): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + gap);
  return rows.map((row) => `${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("")}\n`).join("");
}
