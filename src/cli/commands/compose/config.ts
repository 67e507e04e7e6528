import { writeFileSync } from "node:fs";
import { ALL_STEPS, imageOf, serviceHash, treeOut, variablesOf, withPlatforms, writeJson, writeProject, writeYaml, type LoadSteps, type Project } from "../../../compose/mod.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { fileFailure } from "../../file-failure.ts";
import type { Flags } from "../../flags.ts";
import { out } from "../../output.ts";
import { openProject, openTree } from "./project-options.ts";

const TRUE = new Set(["1", "true", "y", "yes", "on"]);

type Listing = (invocation: Invocation, steps: LoadSteps) => Promise<readonly string[]>;

export async function run(invocation: Invocation): Promise<number> {
  const { flags } = invocation;
  const steps = stepsOf(flags, invocation.group?.bool("compatibility") ?? false);
  const listing = LISTINGS.find(([name]) => (name === "hash" ? flags.string(name) : flags.bool(name)));
  const text = listing ? lines(await listing[1](invocation, steps)) : await render(invocation, steps);
  if (flags.bool("quiet")) return 0;
  const file = listing ? undefined : flags.string("output");
  if (file && text !== "") save(file, text);
  else out(text);
  return 0;
}

const stepsOf = (flags: Flags, compatible: boolean): LoadSteps => ({
  ...ALL_STEPS,
  interpolate: !flags.bool("no-interpolate"),
  normalize: !flags.bool("no-normalize") && !compatible,
  resolvePaths: !flags.bool("no-path-resolution"),
  checkConsistency: !flags.bool("no-consistency"),
});

const lines = (values: readonly string[]): string => values.map((value) => `${value}\n`).join("");

function save(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw fileFailure("open", file, error);
  }
}

const withoutEnvFiles = (invocation: Invocation, steps: LoadSteps, services: readonly string[] = []): Promise<Project> => openProject(invocation, services, steps, { resolveEnvironment: false, discardLabelFiles: true });

const keysOf = (values: Readonly<Record<string, unknown>>): string[] => Object.keys(values).toSorted();

const LISTINGS: readonly (readonly [string, Listing])[] = [
  ["services", services],
  ["volumes", async (invocation, steps) => keysOf((await withoutEnvFiles(invocation, steps)).volumes)],
  ["networks", async (invocation, steps) => keysOf((await withoutEnvFiles(invocation, steps)).networks)],
  ["models", async (invocation, steps) => Object.values((await withoutEnvFiles(invocation, steps)).models).flatMap(({ model }) => model ?? [])],
  ["hash", hashes],
  ["profiles", async (invocation, steps) => profilesOf(await withoutEnvFiles(invocation, steps, invocation.args))],
  ["images", images],
  ["variables", variables],
  ["environment", async (invocation, steps) => [...(await openProject(invocation, invocation.args, steps)).environment].map(([name, value]) => `${name}=${value}`).toSorted()],
];

async function services(invocation: Invocation, steps: LoadSteps): Promise<string[]> {
  if (steps.interpolate) return inDependencyOrder(await withoutEnvFiles(invocation, steps));
  const found = (await openTree(invocation, steps)).entries.get("services");
  return found?.kind === "mapping" ? [...found.entries.keys()].toSorted() : [];
}

/** What a service depends on comes before it. */
function inDependencyOrder(project: Project): string[] {
  const order = new Set<string>();
  const visit = (name: string): void => {
    if (order.has(name) || !project.services[name]) return;
    for (const other of keysOf(project.services[name].depends_on ?? {})) visit(other);
    order.add(name);
  };
  for (const name of keysOf(project.services)) visit(name);
  return [...order];
}

async function hashes(invocation: Invocation, steps: LoadSteps): Promise<string[]> {
  const project = withPlatforms(await withoutEnvFiles(invocation, steps));
  const asked = invocation.flags.string("hash") ?? "*";
  const names = asked === "*" ? keysOf(project.services) : asked.split(",").toSorted();
  return names.map((name) => {
    const service = project.services[name];
    if (!service) throw new Failure(`no such service: ${name}: ${project.disabledServices[name] ? "disabled" : "not found"}`);
    return `${name} ${serviceHash(service)}`;
  });
}

const profilesOf = (project: Project): string[] => [...new Set(Object.values({ ...project.services, ...project.disabledServices }).flatMap(({ profiles = [] }) => profiles))].toSorted();

async function images(invocation: Invocation, steps: LoadSteps): Promise<string[]> {
  const project = await withoutEnvFiles(invocation, steps, invocation.args);
  const compatible = invocation.group?.bool("compatibility") || TRUE.has((project.environment.get("COMPOSE_COMPATIBILITY") ?? "").toLowerCase());
  const separator = compatible ? "_" : "-";
  return keysOf(project.services).flatMap((name) => (project.services[name] ? [imageOf(project.services[name], project, separator)] : []));
}

async function variables(invocation: Invocation, steps: LoadSteps): Promise<string[]> {
  const found = variablesOf(await openTree(invocation, { ...steps, interpolate: false }));
  const format = invocation.flags.string("format");
  if (format === "json") return [writeJson({ sorted: true, entries: found.map((variable) => [variable.name, { sorted: false, entries: goNames(variable) }]) })];
  if (format === "yaml") return [writeYaml({ sorted: true, entries: found.map((variable) => [variable.name, { sorted: false, entries: goNames(variable).map(([name, value]) => [name.toLowerCase(), value]) }]) }, 4).trimEnd()];
  const rows = [["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"], ...found.map(({ name, required, defaultValue, presenceValue }) => [name, String(required), defaultValue, presenceValue])];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length + 3), 20));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(""));
}

const goNames = ({ name, required, defaultValue, presenceValue }: ReturnType<typeof variablesOf>[number]): [string, string | boolean][] => [
  ["Name", name],
  ["DefaultValue", defaultValue],
  ["PresenceValue", presenceValue],
  ["Required", required],
];

async function render(invocation: Invocation, steps: LoadSteps): Promise<string> {
  const { flags, args } = invocation;
  const format = flags.string("format") || "yaml";
  if (format !== "yaml" && format !== "json") throw new Failure(`unsupported format ${JSON.stringify(format)}`);
  if (!steps.interpolate) {
    if (wantsDigests(flags)) throw new Failure("images cannot be resolved while their names still hold variables: leave --no-interpolate out");
    const tree = treeOut(await openTree(invocation, steps));
    return format === "json" ? writeJson(tree, 2) : writeYaml(tree);
  }
  const project = await openProject(invocation, args, steps, { resolveEnvironment: !flags.bool("no-env-resolution"), discardLabelFiles: true });
  const shown = writeProject(await withDigests(project, invocation), format);
  return (format === "json" ? writeJson(shown, 2) : writeYaml(shown)).replaceAll("$", "$$$$");
}

const wantsDigests = (flags: Flags): boolean => flags.bool("resolve-image-digests") || flags.bool("lock-image-digests");

async function withDigests(project: Project, invocation: Invocation): Promise<Project> {
  if (!wantsDigests(invocation.flags)) return project;
  const { imagesOnly, withImageDigests } = await import("./image-digests.ts");
  const pinned = await withImageDigests(project, invocation);
  return invocation.flags.bool("lock-image-digests") ? imagesOnly(pinned) : pinned;
}
