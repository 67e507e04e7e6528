import { describe, expect, test } from "bun:test";
import { RUN, PS } from "../../src/cli/table/container.ts";
import { TABLE } from "../../src/cli/table/mod.ts";
import type { CommandSpec } from "../../src/cli/command.ts";
import { checkArguments } from "../../src/cli/arguments.ts";
import { parseLine } from "../../src/cli/parse.ts";
import { resolveCommand } from "../../src/cli/resolve.ts";

const run = (...words: string[]) => parseLine(words, RUN.flags, false);
const failure = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "";
};

describe("parseLine()", () => {
  test("takes flags apart in every way that docker does", () => {
    const { flags, args } = run("-it", "--rm=false", "--name=a", "--name", "b", "-eA=1", "-e", "B=2", "-p=80", "-dp", "81", "--cpus", "1.5", "-m", "64m", "img", "-x", "--rm");
    expect([flags.bool("interactive"), flags.bool("tty"), flags.bool("detach"), flags.bool("rm")]).toEqual([true, true, true, false]);
    expect(flags.string("name")).toBe("b");
    expect(flags.list("env")).toEqual(["A=1", "B=2"]);
    expect(flags.list("publish")).toEqual(["80", "81"]);
    expect([flags.number("cpus"), flags.number("memory")]).toEqual([1_500_000_000, 64 << 20]);
    expect(args).toEqual(["img", "-x", "--rm"]);
  });

  test("lets flags stand after arguments where the arguments are no command line", () => {
    const { flags, args } = parseLine(["x", "-q", "--", "-a"], PS.flags, true);
    expect(flags.bool("quiet")).toBe(true);
    expect(flags.bool("all")).toBe(false);
    expect(args).toEqual(["x", "-a"]);
  });

  test("answers mistakes with docker's words", () => {
    expect(failure(() => run("--foo"))).toBe("unknown flag: --foo");
    expect(failure(() => run("-zit"))).toBe("unknown shorthand flag: 'z' in -zit");
    expect(failure(() => run("-itz"))).toBe("unknown shorthand flag: 'z' in -z");
    expect(failure(() => run("--name"))).toBe("flag needs an argument: --name");
    expect(failure(() => run("-e"))).toBe("flag needs an argument: 'e' in -e");
    expect(failure(() => run("--rm=x"))).toBe('invalid argument "x" for "--rm" flag: strconv.ParseBool: parsing "x": invalid syntax');
    expect(failure(() => run("-m", "1zb"))).toBe('invalid argument "1zb" for "-m, --memory" flag: invalid suffix: \'zb\'');
    expect(failure(() => run("--cpus", "x"))).toBe('invalid argument "x" for "--cpus" flag: failed to parse x as a rational number');
    expect(failure(() => run("--health-interval", "5y"))).toBe('invalid argument "5y" for "--health-interval" flag: time: unknown unit "y" in duration "5y"');
    expect(failure(() => parseLine(["-f", "x"], PS.flags, true))).toBe('invalid argument "x" for "-f, --filter" flag: bad format of filter (expected name=value)');
    expect(failure(() => parseLine(["-n", "x"], PS.flags, true))).toBe('invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid syntax');
  });
});

describe("the table", () => {
  const commands = (): Array<{ path: string; command: CommandSpec }> =>
    TABLE.flatMap((entry) => [
      ...(entry.command ? [{ path: entry.name, command: entry.command }] : []),
      ...(entry.children ?? []).flatMap((child) => (child.command ? [{ path: `${entry.name} ${child.name}`, command: child.command }] : [])),
    ]);

  test("has a module with run() behind every name", async () => {
    for (const { path, command } of commands()) expect({ path, type: typeof (await command.load()).run }).toEqual({ path, type: "function" });
  });

  test("has no flag twice in a command", () => {
    for (const { command } of commands()) {
      const names = command.flags.map((flag) => flag.name);
      const shorts = command.flags.flatMap((flag) => flag.short || []);
      expect(new Set(names).size).toBe(names.length);
      expect(new Set(shorts).size).toBe(shorts.length);
    }
  });
});

test("resolveCommand() knows aliases, and what was probably meant", () => {
  expect(resolveCommand(["container", "list", "-a"])?.entry.command).toBe(PS);
  expect(failure(() => resolveCommand(["imgaes"]))).toContain("Did you mean this?\n  hako images");
  expect(failure(() => resolveCommand(["rnu"]))).toContain("Did you mean this?\n  hako run\n");
  expect(failure(() => resolveCommand(["foo"]))).toBe("hako: unknown command: hako foo\n\nRun 'hako --help' for more information");
  expect(failure(() => resolveCommand(["swarm", "init"]))).toStartWith("hako: 'swarm' is not part of this version");
});

test("checkArguments() counts as docker does", () => {
  const check = (count: number, bounds: readonly [number, number?]) => failure(() => checkArguments(count, bounds, ["x"]));
  expect(check(1, [0, 0])).toBe("hako: 'hako x' accepts no arguments");
  expect(check(0, [1])).toBe("hako: 'hako x' requires at least 1 argument");
  expect(check(1, [2, 2])).toBe("hako: 'hako x' requires 2 arguments");
  expect(check(3, [1, 2])).toBe("hako: 'hako x' requires at least 1 and at most 2 arguments");
  expect(check(1, [1, 1])).toBe("");
});
