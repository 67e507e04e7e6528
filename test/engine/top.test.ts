/** Arguments of ps(1): titles and refusals recorded from procps 4.0 behind Docker Engine 28.5. */
import { describe, expect, test } from "bun:test";
import { parsePsArguments } from "../../src/engine/top/ps-arguments.ts";
import { bsdTime, elapsed, processorTime } from "../../src/engine/top/times.ts";

const titles = (text: string): string => parsePsArguments(text).columns.map(({ title }) => title).join(" ");

describe("parsePsArguments() lays out as procps does", () => {
  test.each([
    ["-ef", "UID PID PPID C STIME TTY TIME CMD"],
    ["aux", "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"],
    ["-e", "PID TTY TIME CMD"],
    ["-x", "PID TTY STAT TIME COMMAND"],
    ["axf", "PID TTY STAT TIME COMMAND"],
    ["-Z", "LABEL PID TTY TIME CMD"],
    ["-l", "F S UID PID PPID C PRI NI ADDR SZ WCHAN TTY TIME CMD"],
    ["-ly", "S UID PID PPID C PRI NI RSS SZ WCHAN TTY TIME CMD"],
    ["-F", "UID PID PPID C SZ RSS PSR STIME TTY TIME CMD"],
    ["-eLf", "UID PID PPID LWP C NLWP STIME TTY TIME CMD"],
    ["-T", "PID SPID TTY TIME CMD"],
    ["-j", "PID PGID SID TTY TIME CMD"],
    ["-c", "PID CLS PRI TTY TIME CMD"],
    ["v", "PID TTY STAT TIME MAJFL TRS DRS RSS %MEM COMMAND"],
    ["s", "UID PID PENDING BLOCKED IGNORED CAUGHT STAT TTY TIME COMMAND"],
    ["j", "PPID PID PGID SID TTY TPGID STAT UID TIME COMMAND"],
    ["l", "F UID PID PPID PRI NI VSZ RSS WCHAN STAT TTY TIME COMMAND"],
    ["-o pid,comm", "PID COMMAND"],
    ["-eo pid,pcpu,etime,etimes,nlwp,psr,pri,ni,wchan,lstart", "PID %CPU ELAPSED ELAPSED NLWP PSR PRI NI WCHAN STARTED"],
    ["-o pid -o args=WHAT", "PID WHAT"],
    ["-o pid,user=A,B", "PID A,B"],
  ])("%s", (text, expected) => {
    expect(titles(text)).toBe(expected);
  });
});

test.each([
  ["--foo", "ps: error: unknown gnu long option"],
  ["-o bogus", 'ps: error: unknown user-defined format specifier "bogus"'],
  ["-o", "ps: error: format specification must follow -o"],
  ["-o comm", "Couldn't find PID field in ps output"],
  ["-o pid=PROC,comm=NAME", "Couldn't find PID field in ps output"],
  ["-o pid,cgroup", 'ps: error: the column "cgroup" is not shown by top'],
  ["-o __proto__", 'ps: error: unknown user-defined format specifier "__proto__"'],
  ["-q", "ps: error: List of process IDs must follow -q."],
  ["-y", "ps: error: modifier -y without format -l makes no sense"],
  ["-f -o pid", "ps: error: conflicting format options."],
])("parsePsArguments(%p) is refused", (text, message) => {
  expect(() => parsePsArguments(text)).toThrow(message);
});

test("times as ps prints them", () => {
  expect([0, 3725, 90_061].map(processorTime)).toEqual(["00:00:00", "01:02:05", "1-01:01:01"]);
  expect([5, 3725, 90_061].map(elapsed)).toEqual(["00:05", "01:02:05", "1-01:01:01"]);
  expect(bsdTime(125)).toBe("2:05");
});
