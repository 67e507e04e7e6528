import { quoted } from "./text.ts";

export interface Rule {
  readonly name: string;
  readonly description: string;
  /** "" where Docker has no page. */
  readonly url: string;
  /** Off unless asked for. */
  readonly experimental: boolean;
}

const page = (slug: string): string => `https://docs.docker.com/go/dockerfile/rule/${slug}/`;
const rule = <Args extends readonly string[]>(name: string, slug: string, description: string, detail: (...args: Args) => string, experimental = false) => ({
  name,
  description,
  url: slug === "" ? "" : page(slug),
  experimental,
  /** What a warning says of its place. */
  detail,
});

const didYouMean = (closest: string, sign = ""): string => (closest === "" ? "" : ` (did you mean ${sign}${closest}?)`);

/** The build checks, by Docker's names and in its words. */
export const RULES = {
  StageNameCasing: rule("StageNameCasing", "stage-name-casing", "Stage names should be lowercase", (stage: string) => `Stage name '${stage}' should be lowercase`),
  FromAsCasing: rule("FromAsCasing", "from-as-casing", "The 'as' keyword should match the case of the 'from' keyword", (from: string, as: string) => `'${as}' and '${from}' keywords' casing do not match`),
  NoEmptyContinuation: rule("NoEmptyContinuation", "no-empty-continuation", "Empty continuation lines will become errors in a future release", () => "Empty continuation line"),
  ConsistentInstructionCasing: rule(
    "ConsistentInstructionCasing",
    "consistent-instruction-casing",
    "All commands within the Dockerfile should use the same casing (either upper or lower)",
    (keyword: string, casing: string) => `Command '${keyword}' should match the case of the command majority (${casing})`,
  ),
  DuplicateStageName: rule("DuplicateStageName", "duplicate-stage-name", "Stage names should be unique", (stage: string) => `Duplicate stage name ${quoted(stage)}, stage names should be unique`),
  ReservedStageName: rule("ReservedStageName", "reserved-stage-name", "Reserved words should not be used as stage names", (stage: string) => `Stage name should not use the same name as reserved stage ${quoted(stage)}`),
  JSONArgsRecommended: rule(
    "JSONArgsRecommended",
    "json-args-recommended",
    "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
    (keyword: string) => `JSON arguments recommended for ${keyword} to prevent unintended behavior related to OS signals`,
  ),
  MaintainerDeprecated: rule(
    "MaintainerDeprecated",
    "maintainer-deprecated",
    "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
    () => "Maintainer instruction is deprecated in favor of using label",
  ),
  UndefinedArgInFrom: rule("UndefinedArgInFrom", "undefined-arg-in-from", "FROM command must use declared ARGs", (arg: string, closest: string) => `FROM argument '${arg}' is not declared${didYouMean(closest)}`),
  WorkdirRelativePath: rule(
    "WorkdirRelativePath",
    "workdir-relative-path",
    "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
    (path: string) => `Relative workdir ${quoted(path)} can have unexpected results if the base image changes`,
  ),
  UndefinedVar: rule("UndefinedVar", "undefined-var", "Variables should be defined before their use", (name: string, closest: string) => `Usage of undefined variable '$${name}'${didYouMean(closest, "$")}`),
  MultipleInstructionsDisallowed: rule(
    "MultipleInstructionsDisallowed",
    "multiple-instructions-disallowed",
    "Multiple instructions of the same type should not be used in the same stage",
    (keyword: string) => `Multiple ${keyword} instructions should not be used in the same stage because only the last one will be used`,
  ),
  LegacyKeyValueFormat: rule(
    "LegacyKeyValueFormat",
    "legacy-key-value-format",
    "Legacy key/value format with whitespace separator should not be used",
    (keyword: string) => `"${keyword} key=value" should be used instead of legacy "${keyword} key value" format`,
  ),
  InvalidBaseImagePlatform: rule(
    "InvalidBaseImagePlatform",
    "",
    "Base image platform does not match expected target platform",
    (image: string, expected: string, actual: string) => `Base image ${image} was pulled with platform ${quoted(actual)}, expected ${quoted(expected)} for current build`,
  ),
  RedundantTargetPlatform: rule(
    "RedundantTargetPlatform",
    "redundant-target-platform",
    "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
    (variable: string) => `Setting platform to predefined ${variable} in FROM is redundant as this is the default behavior`,
  ),
  SecretsUsedInArgOrEnv: rule(
    "SecretsUsedInArgOrEnv",
    "secrets-used-in-arg-or-env",
    "Sensitive data should not be used in the ARG or ENV commands",
    (keyword: string, name: string) => `Do not use ARG or ENV instructions for sensitive data (${keyword} ${quoted(name)})`,
  ),
  InvalidDefaultArgInFrom: rule(
    "InvalidDefaultArgInFrom",
    "invalid-default-arg-in-from",
    "Default value for global ARG results in an empty or invalid base image name",
    (base: string) => `Default value for ARG ${base} results in empty or invalid base image name`,
  ),
  FromPlatformFlagConstDisallowed: rule(
    "FromPlatformFlagConstDisallowed",
    "from-platform-flag-const-disallowed",
    "FROM --platform flag should not use a constant value",
    (platform: string) => `FROM --platform flag should not use constant value ${quoted(platform)}`,
  ),
  CopyIgnoredFile: rule(
    "CopyIgnoredFile",
    "copy-ignored-file",
    "Attempting to Copy file that is excluded by .dockerignore",
    (verb: string, path: string) => `Attempting to ${verb} file ${quoted(path)} that is excluded by .dockerignore`,
  ),
  InvalidDefinitionDescription: rule(
    "InvalidDefinitionDescription",
    "invalid-definition-description",
    "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.",
    (keyword: string, name: string) => `Comment for ${keyword} should follow the format: \`# ${name} <description>\``,
    true,
  ),
  ExposeProtoCasing: rule("ExposeProtoCasing", "expose-proto-casing", "Protocol in EXPOSE instruction should be lowercase", (port: string) => `Defined protocol '${port}' in EXPOSE instruction should be lowercase`),
  ExposeInvalidFormat: rule(
    "ExposeInvalidFormat",
    "expose-invalid-format",
    "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
    (port: string) => `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
  ),
} as const;

export type RuleName = keyof typeof RULES;
