import { EngineError } from "../../base/mod.ts";
import { SECCOMP_ACTIONS, SECCOMP_OPERATORS, type SeccompArch, type SeccompArgument, type SeccompConditions, type SeccompProfile, type SeccompRule } from "./profile.ts";

/**
 * A profile in Docker's file format (`--security-opt seccomp=…`): the runtime spec's, with `archMap` and with rules that hold only on
 * some architectures, kernels or capabilities.
 * @throws EngineError InvalidParameter
 */
export function parseSeccompProfile(json: string, conditions: SeccompConditions): SeccompProfile {
  const file = objectOf(parseJson(json), "the profile");
  const architectures = stringsOf(file.architectures, "architectures");
  const archMap = arrayOf(file.archMap, "archMap");
  if (architectures.length > 0 && archMap.length > 0) throw invalid("use either 'architectures' or 'archMap'");
  const flags = stringsOf(file.flags, "flags");
  return {
    defaultAction: oneOf(file.defaultAction, SECCOMP_ACTIONS, "defaultAction"),
    ...(file.defaultErrnoRet !== undefined && { defaultErrnoRet: numberOf(file.defaultErrnoRet, "defaultErrnoRet") }),
    architectures: architectures.length > 0 ? architectures : mappedArchitectures(archMap, conditions.arch),
    ...(flags.length > 0 && { flags }),
    syscalls: arrayOf(file.syscalls, "syscalls").flatMap((entry) => ruleOf(objectOf(entry, "syscalls"), conditions)),
  };
}

type Json = Readonly<Record<string, unknown>>;

function invalid(reason: string): EngineError {
  return new EngineError("InvalidParameter", reason);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

const NATIVE_NAMES: Readonly<Record<SeccompArch, { seccomp: string; go: string }>> = {
  x64: { seccomp: "SCMP_ARCH_X86_64", go: "amd64" },
  arm64: { seccomp: "SCMP_ARCH_AARCH64", go: "arm64" },
};

function mappedArchitectures(archMap: readonly unknown[], arch: SeccompArch): string[] {
  const native = NATIVE_NAMES[arch].seccomp;
  for (const item of archMap) {
    const entry = objectOf(item, "archMap");
    if (entry.architecture === native) return [native, ...stringsOf(entry.subArchitectures, "subArchitectures")];
  }
  return [];
}

function ruleOf(entry: Json, conditions: SeccompConditions): SeccompRule[] {
  const name = typeof entry.name === "string" && entry.name !== "" ? [entry.name] : [];
  const names = stringsOf(entry.names, "names");
  if (name.length > 0 && names.length > 0) throw invalid("use either 'name' or 'names'");
  const action = oneOf(entry.action, SECCOMP_ACTIONS, "action");
  const args = arrayOf(entry.args, "args").map((arg) => argumentOf(objectOf(arg, "args")));
  if (!holds(objectOf(entry.includes ?? {}, "includes"), conditions, "all") || !holds(objectOf(entry.excludes ?? {}, "excludes"), conditions, "none")) return [];
  return [{ names: [...name, ...names], action, ...(entry.errnoRet != null && { errnoRet: numberOf(entry.errnoRet, "errnoRet") }), ...(args.length > 0 && { args }) }];
}

/** `includes` asks that every capability is there, `excludes` that none is. */
function holds(filter: Json, conditions: SeccompConditions, mode: "all" | "none"): boolean {
  const arches = stringsOf(filter.arches, "arches");
  const capabilities = stringsOf(filter.caps, "caps");
  const minKernel = filter.minKernel;
  const facts = [
    ...(arches.length > 0 ? [arches.includes(NATIVE_NAMES[conditions.arch].go)] : []),
    ...capabilities.map((name) => conditions.capabilities.includes(name)),
    ...(typeof minKernel === "string" && minKernel !== "" ? [atLeast(conditions.kernel, minKernel)] : []),
  ];
  return mode === "all" ? facts.every(Boolean) : !facts.some(Boolean);
}

function atLeast(kernel: string, minimum: string): boolean {
  const [major, minor] = version(kernel);
  const [wantedMajor, wantedMinor] = version(minimum);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function version(text: string): [number, number] {
  const match = /^(\d+)\.(\d+)/.exec(text);
  if (!match) throw invalid(`invalid kernel version: "${text}"`);
  return [Number(match[1]), Number(match[2])];
}

function argumentOf(entry: Json): SeccompArgument {
  const index = numberOf(entry.index, "index");
  if (index > 5) throw invalid(`invalid argument index ${index}`);
  const { valueTwo } = entry;
  return { index, op: oneOf(entry.op, SECCOMP_OPERATORS, "op"), value: numberOf(entry.value ?? 0, "value"), ...(valueTwo != null && { valueTwo: numberOf(valueTwo, "valueTwo") }) };
}

function objectOf(value: unknown, what: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${what}: an object is expected`);
  return value as Json;
}

function arrayOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(`${what}: a list is expected`);
  return value;
}

function stringsOf(value: unknown, what: string): string[] {
  return arrayOf(value, what).map((item) => {
    if (typeof item !== "string") throw invalid(`${what}: a list of strings is expected`);
    return item;
  });
}

function numberOf(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw invalid(`${what}: a number is expected`);
  return value;
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], what: string): T {
  const found = allowed.find((item) => item === value);
  if (found === undefined) throw invalid(`${what}: ${JSON.stringify(value)} is none of ${allowed.join(", ")}`);
  return found;
}
