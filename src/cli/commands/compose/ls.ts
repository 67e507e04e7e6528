import { listContainers } from "../../../client/mod.ts";
import { LABELS } from "../../../compose/mod.ts";
import type { Invocation } from "../../command.ts";
import { goJson } from "../../compose/json-array.ts";
import { Failure } from "../../failure.ts";
import { alignTabs } from "../../format/columns.ts";
import { readFilters } from "../../options/filters.ts";
import { out, printable } from "../../output.ts";

interface Row {
  readonly Name: string;
  readonly Status: string;
  readonly ConfigFiles: string;
}

const CELL_WIDTH = 20;

export async function run({ flags, client }: Invocation): Promise<number> {
  const filters = readFilters(flags.list("filter"));
  const unknown = Object.keys(filters).find((key) => key !== "name");
  if (unknown !== undefined) throw new Failure(`invalid filter '${unknown}'`);
  const containers = await listContainers(client, { all: flags.bool("all"), filters: { label: [LABELS.project, LABELS.configHash] } });
  const projects = Object.entries(Object.groupBy(containers, ({ Labels }) => Labels?.[LABELS.project] ?? ""));
  const rows = projects.map(([Name, all = []]) => ({ Name, Status: combined(all.map(({ State = "" }) => State)), ConfigFiles: filesOf(all.map(({ Labels }) => Labels?.[LABELS.configFiles] ?? "")) }));
  const shown = rows.filter(({ Name }) => (filters["name"] ?? []).every((pattern) => matches(Name, pattern))).toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
  out(flags.bool("quiet") ? shown.map(({ Name }) => `${Name}\n`).join("") : rendered(shown, flags.string("format") || "table"));
  return 0;
}

function matches(name: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    return name === pattern;
  }
}

/** `exited(1), running(2)` */
function combined(states: readonly string[]): string {
  const counts = Object.entries(Object.groupBy(states, (state) => state)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return counts.map(([state, all = []]) => `${state}(${all.length})`).join(", ");
}

const filesOf = (lists: readonly string[]): string => [...new Set(lists.flatMap((list) => list.split(",")))].filter((file) => file !== "").join(",") || "N/A";

function rendered(rows: readonly Row[], format: string): string {
  if (format === "json") return `${goJson(rows)}\n`;
  if (format !== "table" && format !== "pretty") throw new Failure(`format value ${JSON.stringify(format)} could not be parsed: parsing failed`);
  const lines = rows.map(({ Name, Status, ConfigFiles }) => [Name, Status, ConfigFiles].map(printable).join("\t"));
  return `${alignTabs(["NAME\tSTATUS\tCONFIG FILES", ...lines].join("\n"), CELL_WIDTH)}\n`;
}
