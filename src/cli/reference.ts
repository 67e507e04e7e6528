/**
 * The reference pages of all commands, made of the command table:
 *
 *   bun src/cli/reference.ts [FOLDER]    writes docs/reference, or FOLDER
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { flagsOf, type CommandSpec, type Entry } from "./command.ts";
import { flagTitle, typeName, type Flag } from "./flags.ts";
import { GLOBAL_FLAGS } from "./global-flags.ts";
import { namesOf, TABLE } from "./table/mod.ts";

const PROGRAM = "hako";
const GENERATED = "<!-- Made by `bun src/cli/reference.ts` from the command table: change that. -->";

/** Pages by file name. */
export async function referencePages(): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  const groups = TABLE.filter((entry) => entry.children && !entry.hidden);
  for (const group of groups) pages.set(`${group.name}.md`, await groupPage(group));
  pages.set("other.md", await otherPage());
  pages.set("README.md", indexPage(groups));
  return pages;
}

async function groupPage(group: Entry): Promise<string> {
  const children = (group.children ?? []).filter((entry) => !entry.hidden);
  const sections = await Promise.all(children.map((entry) => section([group.name, entry.name], entry.command)));
  return [GENERATED, `# ${PROGRAM} ${group.name}`, `${group.summary ?? ""}.`, ...sections].join("\n\n") + "\n";
}

/** Commands that are in no group. */
async function otherPage(): Promise<string> {
  const alone = TABLE.filter(isAlone);
  const sections = await Promise.all(alone.map((entry) => section([entry.name], entry.command)));
  return [GENERATED, "# Commands outside of groups", ...sections].join("\n\n") + "\n";
}

const isAlone = (entry: Entry): boolean => !entry.hidden && entry.command !== undefined && (namesOf(entry.command)[0] ?? "").split(" ").length === 1;

async function section(path: readonly string[], command: CommandSpec | undefined): Promise<string> {
  if (!command) return "";
  const names = namesOf(command).filter((name) => name !== path.join(" "));
  const flags = (await flagsOf(command)).filter((flag) => !flag.hidden);
  return [
    `## ${[PROGRAM, ...path].join(" ")}`,
    `${command.summary}.`,
    ["```", [PROGRAM, ...path, command.usage].filter((word) => word !== "").join(" "), "```"].join("\n"),
    ...(names.length > 0 ? [`Also: ${names.map((name) => `\`${PROGRAM} ${name}\``).join(", ")}`] : []),
    ...(flags.length > 0 ? [flagTable(flags)] : []),
  ].join("\n\n");
}

function flagTable(flags: readonly Flag[]): string {
  const rows = flags.map((flag) => `| \`${flagTitle(flag)}\` | ${flag.type === "bool" ? "" : `\`${typeName(flag.type)}\``} | ${flag.default === undefined ? "" : `\`${cell(flag.default)}\``} | ${cell(flag.help)} |`);
  return ["| Flag | Value | Default | |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

function indexPage(groups: readonly Entry[]): string {
  const rows = TABLE.filter((entry) => !entry.hidden && entry.command)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((entry) => `| [${PROGRAM} ${entry.name}](${linkTo(entry)}) | ${cell(entry.command?.summary ?? "")} |`);
  return [
    GENERATED,
    "# Commands",
    "Each command has docker's name, flags and output; under the name `docker` (a link to the program) it answers to that too.",
    ["| Group | |", "| --- | --- |", ...groups.map((group) => `| [${PROGRAM} ${group.name}](${group.name}.md) | ${group.summary ?? ""} |`)].join("\n"),
    ["| Command | |", "| --- | --- |", ...rows].join("\n"),
    "## Global flags",
    "They stand before the command's name.",
    flagTable(GLOBAL_FLAGS),
    ENVIRONMENT,
  ].join("\n\n") + "\n";
}

/** Where a command is described: in its group when it has one. */
function linkTo(entry: Entry): string {
  const name = entry.command ? (namesOf(entry.command)[0] ?? entry.name) : entry.name;
  const [group = "", child] = name.split(" ");
  return child === undefined ? `other.md#${PROGRAM}-${group}` : `${group}.md#${PROGRAM}-${group}-${child}`;
}

const ENVIRONMENT = `## Environment

| Variable | |
| --- | --- |
| \`HAKO_HOST\`, \`DOCKER_HOST\` | Engine to connect to, as \`--host\`; the first one wins |
| \`DOCKER_CONTEXT\` | Context to use, when neither of those is set |
| \`DOCKER_CONFIG\` | Folder of the configuration file, as \`--config\` |
| \`DOCKER_TLS\`, \`DOCKER_TLS_VERIFY\` | Not empty: as \`--tls\` and \`--tlsverify\` |
| \`DOCKER_CERT_PATH\` | Folder of \`ca.pem\`, \`cert.pem\` and \`key.pem\` |

## Configuration file

\`~/.docker/config.json\` is docker's own. Read of it: \`currentContext\`, \`psFormat\`, \`imagesFormat\`, \`networksFormat\`, \`volumesFormat\`, \`statsFormat\`,
\`pluginsFormat\`, \`detachKeys\`, \`proxies\` (into the environment of new containers), \`pruneFilters\` and \`HttpHeaders\`. All else is kept as it is.`;

if (import.meta.main) {
  const folder = process.argv[2] ?? join(import.meta.dir, "..", "..", "docs", "reference");
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of await referencePages()) writeFileSync(join(folder, name), text);
}
