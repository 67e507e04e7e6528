import { describe, expect, test } from "bun:test";
import { stepColors } from "../../src/cli/build/progress/colors.ts";
import { PlainDisplay } from "../../src/cli/build/progress/plain.ts";
import { RawJsonDisplay } from "../../src/cli/build/progress/raw-json.ts";
import { failedOutput, warningsText } from "../../src/cli/build/progress/summary.ts";
import { TreeDisplay } from "../../src/cli/build/progress/tree.ts";
import { lineTime, safeOutput, Trace } from "../../src/cli/build/progress/trace.ts";
import { sizeText } from "../../src/cli/build/progress/bytes.ts";
import type { BuildEvent, Digest, VertexState } from "../../src/spec/mod.ts";

const SECOND = 1_000_000_000n;
const BEGAN = 1_700_000_000n * SECOND;
const at = (seconds: number): bigint => BEGAN + BigInt(Math.round(seconds * 1e9));

function vertex(id: string, state: { name?: string; from?: number; to?: number; cached?: boolean; error?: string } = {}): BuildEvent {
  const { name = `step ${id}`, from, to, cached = false, error } = state;
  const shown: VertexState = { digest: id as Digest, inputs: [], name, stage: "", cached, startedNs: from === undefined ? undefined : at(from), completedNs: to === undefined ? undefined : at(to), error };
  return { type: "vertex", vertex: shown };
}
const log = (id: string, text: string, seconds: number): BuildEvent => ({ type: "log", vertex: id as Digest, stream: 1, bytes: Buffer.from(text), timeNs: at(seconds) });

function plain(): { display: PlainDisplay; text: () => string; pass: (ms: number) => void } {
  let [written, now] = ["", 1000];
  const display = new PlainDisplay((text) => (written += text), undefined, () => now);
  return { display, text: () => written, pass: (ms) => void (now += ms) };
}

describe("PlainDisplay", () => {
  test("prints a step with its output, as BuildKit", () => {
    const { display, text } = plain();
    for (const event of [vertex("a", { from: 0 }), log("a", "hi\nthere", 0.4821), log("a", " you\n", 1.5), vertex("a", { from: 0, to: 2 }), vertex("b", { from: 2, to: 2, cached: true }), vertex("c", { from: 2, to: 3, error: "exit code: 3" })]) display.show(event);
    display.finish();
    expect(text()).toBe("#1 step a\n#1 0.482 hi\n#1 0.482 there you\n#1 DONE 2.0s\n\n#2 step b\n#2 CACHED\n\n#3 step c\n#3 ERROR: exit code: 3\n");
  });

  test("a line that goes on is printed once", () => {
    const { display, text } = plain();
    display.show(vertex("a", { from: 0 }));
    display.show(log("a", "begin", 0.1));
    display.flush();
    display.show(log("a", "ning\nnext\n", 1));
    display.flush();
    display.finish();
    expect(text()).toBe("#1 step a\n#1 0.100 beginning\n#1 1.000 next\n");
  });

  test("one that has the turn keeps it, is told to go on later, and has its turn again", () => {
    const { display, text, pass } = plain();
    display.show(vertex("a", { from: 0 }));
    display.show(log("a", "a1\n", 0.5));
    display.flush();
    display.show(vertex("b", { from: 0 }));
    display.show(log("b", "b1\n", 0.6));
    display.flush();
    expect(text()).toBe("#1 step a\n#1 0.500 a1\n");
    pass(11_000);
    display.show(log("b", "b2\n", 11));
    display.flush();
    display.show(vertex("b", { from: 0, to: 12 }));
    display.flush();
    display.show(vertex("a", { from: 0, to: 13 }));
    display.finish();
    expect(text()).toBe("#1 step a\n#1 0.500 a1\n#1 ...\n\n#2 step b\n#2 0.600 b1\n#2 11.00 b2\n#2 DONE 12.0s\n\n#1 step a\n#1 DONE 13.0s\n");
  });

  test("what goes on for long is told now and then", () => {
    const { display, text, pass } = plain();
    const status = (current: number, to?: number): BuildEvent => ({ type: "status", vertex: "a" as Digest, id: "transferring context:", current, total: undefined, startedNs: at(0), completedNs: to === undefined ? undefined : at(to) });
    display.show(vertex("a", { from: 0 }));
    for (let step = 1; step <= 60; step++) {
      display.show(status(step * 1000));
      display.flush();
      pass(100);
    }
    display.show(status(61_000, 6));
    display.show(vertex("a", { from: 0, to: 6 }));
    display.finish();
    expect(text().split("\n").length).toBe(6);
    expect(text()).toEndWith("#1 transferring context: 61.00kB 6.0s done\n#1 DONE 6.0s\n");
  });

  test("names and output from elsewhere cannot speak to the terminal", () => {
    const { display, text } = plain();
    display.show(vertex("a", { name: "RUN \x1b[2J\nx", from: 0 }));
    display.show(log("a", "\x1b]0;title\x07\x1b[2Jgood \x1b[32mgreen\x1b[0m\rover\n", 0.1));
    display.finish();
    expect(text()).toBe("#1 RUN ?[2J x\n#1 0.100 over\n");
  });
});

test("safeOutput() keeps colours only", () => {
  expect(safeOutput("\x1b[1;32mok\x1b[0m\x1b[5A\x07\u009b2J\tx")).toBe("\x1b[1;32mok\x1b[0m[5A2J\tx");
  expect(safeOutput("10%\r20%\r100%\r")).toBe("100%");
});

test("lineTime() and sizeText() have BuildKit's digits", () => {
  expect([0.0123, 9.9994, 10.5, 99.99, 123.45].map((seconds) => lineTime(BEGAN, at(seconds)))).toEqual(["0.012", "9.999", "10.50", "99.99", "123.5"]);
  expect([0, 93, 1000, 1_664_000].map(sizeText)).toEqual(["0B", "93B", "1.00kB", "1.66MB"]);
});

describe("TreeDisplay", () => {
  function drawn(size: { columns: number; rows: number }, events: readonly BuildEvent[], end?: "done"): string[] {
    let written = "";
    const display = new TreeDisplay({ write: (text) => (written = text), size: () => size, colors: undefined });
    for (const event of events) display.trace.update(event);
    display.draw(end);
    // eslint-disable-next-line no-control-regex
    return written.replace(/\x1b\[[0-9;?]*[A-Za-z]|\r/g, "").trimEnd().split("\n");
  }

  test("is never higher than the terminal, and shows what runs with its last six lines", () => {
    const done = Array.from({ length: 40 }, (_, index) => vertex(`d${index}`, { from: 0, to: 1 }));
    const running = [vertex("r", { name: "RUN make", from: 1 }), ...Array.from({ length: 20 }, (_, index) => log("r", `line ${index}\n`, 1))];
    const lines = drawn({ columns: 60, rows: 14 }, [...done, ...running]);
    expect(lines.length).toBeLessThanOrEqual(12);
    expect(lines[0]).toStartWith("[+] Building ");
    expect(lines.filter((line) => line.includes("=> => # "))).toEqual([14, 15, 16, 17, 18, 19].map((number) => ` => => # line ${number}`));
    expect(lines.some((line) => line.startsWith(" => RUN make"))).toBe(true);
    for (const line of lines) expect(line.length).toBeLessThan(60);
  });

  test("a narrow terminal cuts names", () => {
    const lines = drawn({ columns: 30, rows: 24 }, [vertex("a", { name: "RUN a very long command that goes on and on", from: 0, to: 1 })], "done");
    for (const line of lines) expect(line.length).toBeLessThan(30);
    expect(lines[1]).toContain("…");
  });

});

test("BUILDKIT_COLORS chooses colours, and what is not understood stays", () => {
  expect(stepColors("run=green:error=255,0,10:cancel=300,0,0:other=red")).toEqual({ run: "\x1b[32m", error: "\x1b[38;2;255;0;10m", cancel: "\x1b[33m", warning: "\x1b[33m" });
  expect(stepColors(undefined).run).toBe("");
});

test("RawJsonDisplay prints BuildKit's SolveStatus", () => {
  const lines: unknown[] = [];
  const display = new RawJsonDisplay((text) => lines.push(JSON.parse(text)));
  display.show(vertex("a", { name: "n", from: 0, to: 1, cached: true }));
  display.show(log("a", "hi\n", 0.5));
  expect(lines).toEqual([
    { vertexes: [{ digest: "a", name: "n", started: "2023-11-14T22:13:20Z", completed: "2023-11-14T22:13:21Z", cached: true }] },
    { logs: [{ vertex: "a", stream: 1, data: "aGkK", timestamp: "2023-11-14T22:13:20.5Z" }] },
  ]);
});

test("the end repeats what the failed step printed, and the warnings", () => {
  const trace = new Trace();
  for (const event of [vertex("a", { name: "[1/2] RUN x", from: 0 }), log("a", "out\nunended", 0.25), vertex("a", { name: "[1/2] RUN x", from: 0, to: 1, error: "bad" })]) trace.update(event);
  expect(failedOutput(trace, { message: "", vertex: "a" as Digest, exitCode: 1, excerpt: "", shell: false })).toBe("------\n > [1/2] RUN x:\n0.250 out\n0.250 unended\n------\n");
  const warning = { rule: "Rule", description: "more", url: "https://x", detail: "what", fileName: "Dockerfile", line: 3, excerpt: "Dockerfile:3\n" };
  expect(warningsText([warning], { debug: false, colors: false })).toBe("\n 1 warning found (use docker --debug to expand):\n - Rule: what (line 3)\n");
  expect(warningsText([warning, warning], { debug: true, colors: true })).toStartWith("\n \x1b[33m2 warnings found:\n\x1b[0m - Rule: what (line 3)\nmore\nMore info: https://x\nDockerfile:3\n");
});
