import { PROXY_ARGS, type Dockerfile } from "../../dockerfile/mod.ts";

const OF_THE_BUILD = /^(?:BUILDKIT_|SOURCE_DATE_EPOCH$|(?:BUILD|TARGET)(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT)$)/;

/** Build arguments that no ARG asks for and that mean nothing by themselves, sorted. */
export function unusedArguments({ metaArgs, stages }: Dockerfile, buildArgs: Readonly<Record<string, string>>): string[] {
  const instructions = [...metaArgs, ...stages.flatMap((stage) => stage.instructions)];
  const declared = new Set(instructions.flatMap((instruction) => (instruction.kind === "arg" ? instruction.args.map(({ name }) => name) : [])));
  return Object.keys(buildArgs).filter((name) => !declared.has(name) && !PROXY_ARGS.includes(name) && !OF_THE_BUILD.test(name)).sort();
}
