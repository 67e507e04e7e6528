import { ValueProblem } from "./kinds.ts";
import { ConfigurationError, inFile, readSettings, type FileValues } from "./read-file.ts";
import type { Setting } from "./setting.ts";
import { SETTINGS, SETTING_NAMES, flagNameOf, type SettingName, type Values } from "./settings.ts";

/** A file's text; undefined text when there is none, which only the default path may have. */
export interface ConfigurationFile {
  readonly path: string;
  readonly text: string | undefined;
}

export interface Configuration {
  /** Flags and file together. */
  readonly values: Values;
  /** Sentences about what has no effect. */
  readonly warnings: readonly string[];
  /** Where a setting was given, for what only the engine finds wrong with it: a place in the file, or a flag. */
  readonly where: Where;
}

export type Where = (name: SettingName) => string;

/** Words of the command line by flag name, `host` → [`unix:///x`]; flags that were not given are not there. */
export type GivenFlags = ReadonlyMap<string, readonly string[]>;

/**
 * The engine's settings: every value is checked, and a setting comes either from a flag or from the file.
 * @throws ConfigurationError naming file, line and column, or the flag
 */
export function configure(file: ConfigurationFile, flags: GivenFlags): Configuration {
  const fromFlags = readFlags(flags);
  const fromFile = file.text === undefined ? { values: {}, positions: new Map(), warnings: [] } : readSettings(file.path, file.text);
  refuseConflicts(file.path, fromFlags, fromFile);
  const values: Values = { ...fromFile.values, ...fromFlags };
  refuseContradictions(values);
  const where = (name: SettingName): string => {
    const at = fromFile.positions.get(name);
    return at ? `${file.path}, line ${at.line}, column ${at.column}: "${name}"` : `--${flagNameOf(name) ?? name}`;
  };
  return { values, warnings: [...fromFile.warnings.map((sentence) => `${file.path}: ${sentence}`), ...remarks(values, where)], where };
}

function readFlags(flags: GivenFlags): Values {
  const values: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) {
    const flag = flagNameOf(name);
    const words = flag === undefined ? undefined : flags.get(flag);
    if (flag === undefined || words === undefined) continue;
    try {
      values[name] = (SETTINGS[name] as Setting<unknown>).kind.fromWords(words);
    } catch (error) {
      if (error instanceof ValueProblem) throw new ConfigurationError(`invalid argument ${JSON.stringify(words.join(","))} for "${flagTitle(name, flag)}" flag: ${error.message}`);
      throw error;
    }
  }
  return values;
}

function flagTitle(name: SettingName, flag: string): string {
  const { short } = (SETTINGS[name] as Setting<unknown>).flag ?? {};
  return short === undefined ? `--${flag}` : `-${short}, --${flag}`;
}

function refuseConflicts(path: string, flags: Values, file: FileValues): void {
  const both = SETTING_NAMES.filter((name) => flags[name] !== undefined && file.values[name] !== undefined).toSorted();
  if (both.length === 0) return;
  const show = (name: SettingName, value: unknown): string => (SETTINGS[name] as Setting<unknown>).kind.show(value);
  const shown = both.map((name) => `${name}: (from flag: ${show(name, flags[name])}, from file: ${show(name, file.values[name])})`);
  throw inFile(path, `the following directives are specified both as a flag and in the configuration file: ${shown.join(", ")}`);
}

function refuseContradictions(values: Values): void {
  if (values["exec-root"] !== undefined && values["run-root"] !== undefined) throw new ConfigurationError("exec-root and run-root are two names of one setting: give one of them");
  const seen = new Map<string, string>();
  for (const label of values.labels ?? []) {
    const key = label.split("=", 1)[0] ?? "";
    const before = seen.get(key);
    if (before !== undefined && before !== label) throw new ConfigurationError(`conflict labels for ${label} and ${before}`);
    seen.set(key, label);
  }
}

/** @throws ConfigurationError for the first setting that is refused */
function remarks(values: Values, where: Where): string[] {
  return SETTING_NAMES.flatMap((name) => {
    const value = values[name];
    const remark = value === undefined ? undefined : (SETTINGS[name] as Setting<unknown>).remark?.(value);
    if (!remark) return [];
    if (remark.kind === "refused") throw new ConfigurationError(`${where(name)} cannot be used: ${remark.sentence}`);
    return [`${where(name)} has no effect: ${remark.sentence}`];
  });
}

/** Names of settings whose values differ. */
export function changedSettings(before: Values, after: Values): SettingName[] {
  return SETTING_NAMES.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

export const isReloadable = (name: SettingName): boolean => (SETTINGS[name] as Setting<unknown>).reloads === true;
