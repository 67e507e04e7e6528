import { writeFileSync } from "node:fs";
import { DefinitionError, printBaked, resolveBake, type Baked, type BakeOptions, type Target } from "../../../bake/mod.ts";
import { EngineError } from "../../../base/mod.ts";
import { checkPaths, placeBuilt, placeShown } from "../../bake/place-contexts.ts";
import { checkPrivileges } from "../../bake/privileges.ts";
import { readDefinitions } from "../../bake/read-definitions.ts";
import { remoteContext } from "../../build/context-argument.ts";
import { chooseDisplay } from "../../build/progress/choose-display.ts";
import { parseCall } from "../../build/options/values.ts";
import { tellAnswers, tellAnswersAsJson } from "../../build/tell-answers.ts";
import { buildTargets } from "../../build/targets.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import type { Flags } from "../../flags.ts";
import { safeExcerpt } from "../../build/progress/summary.ts";
import { err, out, printable } from "../../output.ts";

const HERE = "cwd://";

export async function run(invocation: Invocation): Promise<number> {
  try {
    return await bake(invocation);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    // A definition from elsewhere has no business with the terminal.
    if (error instanceof DefinitionError) err(safeExcerpt(error.excerpt));
    throw new Failure(`ERROR: ${error.message.split("\n").map(printable).join("\n")}`);
  }
}

async function bake(invocation: Invocation): Promise<number> {
  const { flags } = invocation;
  const { url, cmdContext, names } = argumentsOf(invocation.args);
  // Beside a file that was downloaded alone there is nothing else.
  const base = url !== undefined && remoteContext(url)?.kind === "git" ? url : undefined;
  const list = flags.string("list");
  if (list && flags.bool("print")) throw new Failure("ERROR: --print and --list are mutually exclusive");
  const definition = await readDefinitions(flags.list("file"), url);
  const options = bakeOptions(flags, cmdContext);
  if (list) {
    out((await import("../../bake/lists.ts")).listed(definition, list, options));
    return 0;
  }
  const baked = withEpoch(resolveBake(definition, names, options));
  if (flags.bool("print")) {
    out(`${printBaked(placeShown(baked, base))}\n`);
    return 0;
  }
  const allowed = flags.list("allow");
  checkPrivileges(baked.target, allowed);
  const targets = granted(placeBuilt(baked, base), allowed);
  if (url !== undefined) checkPaths(targets, allowed);
  const display = await chooseDisplay({ progress: flags.string("progress"), quiet: false });
  const results = await buildTargets(invocation, targets, display);
  const metadataFile = flags.string("metadata-file");
  if (metadataFile) writeFileSync(metadataFile, `${JSON.stringify(Object.fromEntries([...results].map(([name, { metadata }]) => [name, metadata])), undefined, 2)}\n`);
  const { json } = parseCall(flags.string("call") || "build", false);
  return json ? tellAnswersAsJson(results, placeShown(baked, base)) : tellAnswers(results, targets);
}

interface BakeArguments {
  /** Where the definition is, when it is not here. */
  readonly url: string | undefined;
  /** What a definition from elsewhere builds. */
  readonly cmdContext: string;
  readonly names: readonly string[];
}

function argumentsOf(args: readonly string[]): BakeArguments {
  const isRemote = (word: string | undefined): word is string => word !== undefined && remoteContext(word) !== undefined;
  const [url, context] = args;
  if (!isRemote(url)) return { url: undefined, cmdContext: HERE, names: args };
  return isRemote(context) ? { url, cmdContext: context, names: args.slice(2) } : { url, cmdContext: HERE, names: args.slice(1) };
}

function bakeOptions(flags: Flags, cmdContext: string): BakeOptions {
  const forAll: readonly (readonly [string, string])[] = [["push", "push=true"], ["load", "load=true"], ["no-cache", "no-cache=true"], ["pull", "pull=true"]];
  const { call } = parseCall(flags.string("call") || "build", flags.bool("check"));
  const overrides = [
    ...flags.list("set"),
    ...forAll.filter(([flag]) => flags.bool(flag)).map(([, override]) => `*.${override}`),
    ...(["provenance", "sbom"] as const).flatMap((type) => (flags.string(type) ? [`*.attest+=type=${type},${attested(flags.string(type) ?? "")}`] : [])),
    ...(call !== "build" ? [`*.call=${call === "check" ? "lint" : call}`] : []),
  ];
  return { overrides, environment: process.env, variables: {}, cmdContext, localPlatform: process.arch === "arm64" ? "linux/arm64" : "linux/amd64" };
}

const attested = (said: string): string => (said === "true" ? "disabled=false" : said === "false" ? "disabled=true" : said);

/** The time that a reproducible build is of, where the targets say no other. */
function withEpoch(baked: Baked): Baked {
  const epoch = process.env["SOURCE_DATE_EPOCH"];
  if (!epoch) return baked;
  const withArg = ({ args, ...target }: Target): Target => ({ ...target, args: { SOURCE_DATE_EPOCH: epoch, ...args } });
  return { ...baked, target: Object.fromEntries(Object.entries(baked.target).map(([name, target]) => [name, withArg(target)])) };
}

/** What `--allow` grants to every target. */
function granted(targets: Baked["target"], allowed: readonly string[]): Baked["target"] {
  const entitlements = allowed.filter((entitlement) => /^(?:network\.host|security\.insecure|device)/.test(entitlement));
  return Object.fromEntries(Object.entries(targets).map(([name, target]) => [name, entitlements.length === 0 ? target : { ...target, entitlements: [...(target.entitlements ?? []), ...entitlements] }]));
}
