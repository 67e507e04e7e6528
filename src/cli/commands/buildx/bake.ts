import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { bakeTargets, listTargets, listVariables, printBaked, readDefinition, resolveBake, type BakeOptions, type Definition, type DefinitionFile } from "../../../bake/mod.ts";
import { loadProject } from "../../../compose/mod.ts";
import { chooseDisplay } from "../../build/progress/choose-display.ts";
import { tellAnswers } from "../../build/tell-answers.ts";
import { buildTargets } from "../../build/targets.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { fileFailure } from "../../file-failure.ts";
import type { Flags } from "../../flags.ts";
import { alignTabs } from "../../format/columns.ts";
import { out } from "../../output.ts";

/** Looked for where no -f is given, those that are there one on top of the other. */
const DEFAULT_FILES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", "docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"];
const ELSEWHERE = /^(?:https?|git|ssh):\/\/|^git@/;
const MAX_DEFINITION_BYTES = 4 * 1024 * 1024;

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  const elsewhere = args.find((word) => ELSEWHERE.test(word));
  if (elsewhere !== undefined) throw remote(elsewhere);
  const files = readFiles(flags.list("file"));
  const options = bakeOptions(flags);
  const listed = flags.string("list");
  if (listed) return list(files, listed, options);
  const baked = resolveBake(definition(files), args, options);
  if (flags.bool("print")) {
    out(`${printBaked(baked)}\n`);
    return 0;
  }
  const display = await chooseDisplay({ progress: flags.string("progress"), quiet: false });
  const results = await buildTargets(invocation, baked.target, display);
  const metadataFile = flags.string("metadata-file");
  if (metadataFile) writeFileSync(metadataFile, `${JSON.stringify(Object.fromEntries([...results].map(([name, { metadata }]) => [name, metadata])), undefined, 2)}\n`);
  return tellAnswers(results);
}

interface Files {
  readonly definitions: readonly DefinitionFile[];
  /** Paths of Compose files. */
  readonly compose: readonly string[];
}

function readFiles(given: readonly string[]): Files {
  const paths = given.length > 0 ? given : DEFAULT_FILES.filter((path) => existsSync(path));
  if (paths.length === 0) throw new Failure("ERROR: couldn't find a bake definition: write docker-bake.hcl, or name a file with -f");
  const isCompose = (path: string): boolean => /\.ya?ml$/.test(path);
  return { compose: paths.filter(isCompose), definitions: paths.filter((path) => !isCompose(path)).map((path) => ({ name: path, text: read(path) })) };
}

const remote = (address: string): Failure => new Failure(`ERROR: a definition from elsewhere is not read: fetch ${address} first, and look at what it builds`);

function read(path: string): string {
  if (ELSEWHERE.test(path)) throw remote(path);
  try {
    const text = readFileSync(path === "-" ? 0 : path.replace(/^cwd:\/\//, ""), "utf8");
    if (text.length > MAX_DEFINITION_BYTES) throw new Failure(`ERROR: ${path} is larger than ${MAX_DEFINITION_BYTES} bytes`);
    return text;
  } catch (error) {
    throw error instanceof Failure ? error : fileFailure("open", path, error);
  }
}

function bakeOptions(flags: Flags): BakeOptions {
  const forAll: readonly (readonly [string, string])[] = [["push", "push=true"], ["load", "load=true"], ["no-cache", "no-cache=true"], ["pull", "pull=true"]];
  const call = flags.bool("check") ? "check" : flags.string("call");
  const overrides = [
    ...flags.list("set"),
    ...forAll.filter(([flag]) => flags.bool(flag)).map(([, override]) => `*.${override}`),
    ...(["provenance", "sbom"] as const).flatMap((type) => (flags.string(type) ? [`*.attest+=type=${type},${attested(flags.string(type) ?? "")}`] : [])),
    ...(call && call !== "build" ? [`*.call=${call}`] : []),
    ...(flags.list("allow").flatMap((entitlement) => (/^(network\.host|security\.insecure|device)/.test(entitlement) ? [`*.entitlements+=${entitlement}`] : []))),
  ];
  return { overrides, environment: process.env, variables: {}, localPlatform: process.arch === "arm64" ? "linux/arm64" : "linux/amd64" };
}

const attested = (said: string): string => (said === "true" ? "disabled=false" : said === "false" ? "disabled=true" : said);

/** All that the files say, Compose files below the others. */
function definition({ definitions, compose }: Files): Definition {
  if (compose.length === 0) return readDefinition(definitions);
  const project = loadProject({ files: compose, environment: process.env });
  return readDefinition([...definitionOf(bakeTargets(project)), ...definitions]);
}

/** A Compose file as a definition of its own. */
function definitionOf(targets: Readonly<Record<string, unknown>>): DefinitionFile[] {
  const escaped = JSON.stringify({ group: { default: { targets: Object.keys(targets).toSorted() } }, target: targets }, (_, value: unknown) => (typeof value === "string" ? value.replace(/[$%](?=\{)/g, "$&$&") : value));
  return [{ name: "compose.json", text: escaped }];
}

function list(files: Files, what: string, options: BakeOptions): number {
  const [type = "", format = "table"] = what.split(",").map((part) => part.replace(/^(?:type|format)=/, ""));
  const known = definition(files);
  if (type === "targets") {
    const targets = listTargets(known, options);
    out(format === "json" ? `${JSON.stringify(targets.map(({ name, description, group }) => ({ name, ...(description !== "" && { description }), ...(group && { group }) })), undefined, 2)}\n` : table([["TARGET", "DESCRIPTION"], ...targets.map(({ name, description }) => [name, description])]));
  } else if (type === "variables") {
    const variables = listVariables(known, options);
    out(format === "json" ? `${JSON.stringify(variables.map(({ name, type: kind, value, description }) => ({ name, ...(kind !== "" && { type: kind }), value, ...(description !== "" && { description }) })), undefined, 2)}\n` : table([["VARIABLE", "TYPE", "VALUE", "DESCRIPTION"], ...variables.map((variable) => [variable.name, variable.type, variable.value, variable.description])]));
  } else throw new Failure(`ERROR: invalid list type ${JSON.stringify(type)}: targets or variables`);
  return 0;
}

const table = (rows: readonly (readonly string[])[]): string => alignTabs(rows.map((cells) => `${cells.join("\t")}\n`).join(""), 0);
