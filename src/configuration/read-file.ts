import { closest } from "./closest.ts";
import { JsonProblem, parseJson, type JsonMember, type JsonNode, type Position } from "./json-document.ts";
import { ValueProblem } from "./kinds.ts";
import type { Setting } from "./setting.ts";
import { SETTINGS, SETTING_NAMES, flagNameOf, type SettingName, type Values } from "./settings.ts";

/** What is wrong with the engine's configuration, said as `dockerd` says it, with the place. */
export class ConfigurationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigurationError";
  }
}

export interface FileValues {
  readonly values: Values;
  readonly positions: ReadonlyMap<SettingName, Position>;
  /** Sentences about keys that are there twice. */
  readonly warnings: readonly string[];
}

const place = ({ line, column }: Position): string => `line ${line}, column ${column}`;

export const inFile = (file: string, message: string): ConfigurationError => new ConfigurationError(`unable to configure the Docker daemon with file ${file}: ${message}`);

/** The settings in a file's text; an empty one has none. @throws ConfigurationError with line and column */
export function readSettings(file: string, text: string): FileValues {
  const body = text.replace(/^\uFEFF/, "");
  if (body.trim() === "") return { values: {}, positions: new Map(), warnings: [] };
  try {
    return settingsOf(parseJson(body));
  } catch (error) {
    if (error instanceof JsonProblem) throw inFile(file, `invalid JSON: ${error.message} (${place(error.at)})`);
    if (error instanceof ValueProblem) throw inFile(file, error.at ? `${error.message} (${place(error.at)})` : error.message);
    throw error;
  }
}

function settingsOf(root: JsonNode): FileValues {
  if (root.kind === "null") return { values: {}, positions: new Map(), warnings: [] };
  if (root.kind !== "object") throw new ValueProblem("it takes an object of settings: {…}", root.at);
  const members = root.members.flatMap(opened);
  refuseUnknown(members.filter(({ name }) => !Object.hasOwn(SETTINGS, name)));
  const values: Record<string, unknown> = {};
  const positions = new Map<SettingName, Position>();
  const warnings: string[] = [];
  for (const { name, at, value } of members as readonly (JsonMember & { name: SettingName })[]) {
    if (positions.has(name)) warnings.push(`"${name}" is there twice (${place(positions.get(name) ?? at)} and ${place(at)}): the last one counts`);
    positions.set(name, at);
    if (value.kind !== "null") values[name] = valueOf(name, value);
    else delete values[name];
  }
  return { values, positions, warnings };
}

/** `proxies` holds settings of its own. */
function opened(member: JsonMember): readonly JsonMember[] {
  if (member.name !== "proxies" || member.value.kind === "null") return [member].filter(({ name }) => name !== "proxies");
  if (member.value.kind !== "object") throw new ValueProblem('"proxies" takes an object of http-proxy, https-proxy and no-proxy', member.value.at);
  refuseUnknown(member.value.members.filter(({ name }) => !Object.hasOwn(SETTINGS, name) || !("within" in SETTINGS[name as SettingName])));
  return member.value.members;
}

function refuseUnknown(members: readonly JsonMember[]): void {
  if (members.length === 0) return;
  const named = members.map(({ name, at }) => {
    const meant = SETTING_NAMES.find((known) => flagNameOf(known) === name) ?? closest(name, SETTING_NAMES);
    return `${name.slice(0, 64)} (${place(at)}${meant ? `, did you mean ${meant}?` : ""})`;
  });
  throw new ValueProblem(`the following directives don't match any configuration option: ${named.join(", ")}`);
}

function valueOf(name: SettingName, node: JsonNode): unknown {
  try {
    return (SETTINGS[name] as Setting<unknown>).kind.fromNode(node);
  } catch (error) {
    if (error instanceof ValueProblem) throw new ValueProblem(`"${name}": ${error.message}`, error.at ?? node.at);
    throw error;
  }
}
