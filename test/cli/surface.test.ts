/** The whole of docker's command line, as data, against our table: what is missing must be on the list of what is missing and why. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { flagsOf, type CommandSpec, type Entry } from "../../src/cli/command.ts";
import { GLOBAL_FLAGS } from "../../src/cli/global-flags.ts";
import { QUICK_NAMES, quickCommand } from "../../src/cli/table/quick.ts";
import { NOT_YET, TABLE } from "../../src/cli/table/mod.ts";

interface Surface {
  readonly commands: ReadonlyArray<{ readonly path: string; readonly group: string; readonly leaf: boolean; readonly flags: ReadonlyArray<{ readonly name: string; readonly short: string }> }>;
}

/** Read from docker's own --help; it lies beside the repository and is no part of it. */
const SURFACE = process.env["HAKO_SURFACE"] ?? join(import.meta.dir, "..", "..", "..", "shared", "spec", "cli.json");

/** Groups that other work brings; each of their names gets a sentence that says so. */
const OTHER_GROUPS = new Set(["checkpoint", "config", "manifest", "node", "registry", "secret", "service", "stack", "swarm", "trust"]);

/** Commands of our groups that are not there yet. */
const MISSING_COMMANDS = new Set([
  // A builder's own wire, and records of builds that are carried elsewhere.
  "buildx dial-stdio", "buildx history export", "buildx history import", "buildx history inspect attachment", "buildx history open",
]);

/** Flags we do not have, with the reason. */
const MISSING_FLAGS = new Set<string>();

const present = existsSync(SURFACE);
const surface: Surface = present ? (JSON.parse(readFileSync(SURFACE, "utf8")) as Surface) : { commands: [] };

function find(path: string): CommandSpec | Entry | undefined {
  const [first = "", second, third, ...deeper] = path.split(" ");
  if (deeper.length > 0) return undefined;
  const named = (entries: readonly Entry[], name: string) => entries.find((entry) => entry.name === name || entry.aliases?.includes(name));
  const entry = named(TABLE, first);
  const child = second === undefined ? entry : named(entry?.children ?? [], second);
  const found = third === undefined ? child : named(child?.children ?? [], third);
  return found?.command ?? found;
}

const ours = surface.commands.filter(({ group, path }) => !OTHER_GROUPS.has(group) && path !== "");

test.skipIf(!present)("every command of docker's is there, or known to be missing", () => {
  const missing = ours.map(({ path }) => path).filter((path) => !find(path));
  expect(missing.filter((path) => !MISSING_COMMANDS.has(path))).toEqual([]);
  expect([...MISSING_COMMANDS].filter((path) => find(path))).toEqual([]);
});

test.skipIf(!present)("every flag of docker's is there, with its letter", async () => {
  const missing: string[] = [];
  for (const { path, flags } of ours) {
    const command = find(path);
    if (!command || !("load" in command)) continue;
    const known = await flagsOf(command);
    for (const { name, short } of flags) {
      const flag = known.find((each) => each.name === name);
      if (!flag || (short !== "" && flag.short !== short)) missing.push(`${path} --${name}`);
    }
  }
  expect(missing.filter((flag) => !MISSING_FLAGS.has(flag))).toEqual([]);
});

test.skipIf(!present)("every global flag of docker's is there", () => {
  const flags = surface.commands.find(({ path }) => path === "")?.flags ?? [];
  expect(flags.filter(({ name, short }) => !GLOBAL_FLAGS.some((flag) => flag.name === name && (flag.short ?? "") === short))).toEqual([]);
});

test.skipIf(!present)("what is missing is answered with a sentence instead of `unknown command`", () => {
  const silent = surface.commands
    .map(({ path }) => path)
    .filter((path) => path !== "" && !MISSING_COMMANDS.has(path) && !find(path.split(" ").slice(0, 2).join(" ")))
    .filter((path) => !NOT_YET.has(path.split(" ")[0] ?? ""));
  expect(silent).toEqual([]);
});

test("commands found without the table are those of the table", async () => {
  for (const name of QUICK_NAMES) expect({ name, command: await quickCommand(name) }).toEqual({ name, command: TABLE.find((entry) => entry.name === name)?.command });
});
