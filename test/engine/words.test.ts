/** Texts, times, keys, users and filters: what people read and write. */
import { describe, expect, test } from "bun:test";
import { DetachScanner, parseDetachKeys } from "../../src/engine/detach-keys.ts";
import { compileEventFilters } from "../../src/engine/events.ts";
import { labelsMatch, onlyKnown } from "../../src/engine/filters.ts";
import { FrameFilter, stdoutFrame } from "../../src/engine/frame-filter.ts";
import { resolveUser } from "../../src/engine/spec-for/user.ts";
import { processEnv } from "../../src/engine/spec-for/env.ts";
import { humanDuration, parseGoDuration, parsePointInTime } from "../../src/engine/time-text.ts";

test.each([
  [500, "Less than a second"], [1000, "1 second"], [59_000, "59 seconds"], [60_000, "About a minute"], [180_000, "3 minutes"], [3_600_000, "About an hour"],
  [7_200_000, "2 hours"], [3 * 86_400_000, "3 days"], [20 * 86_400_000, "2 weeks"], [100 * 86_400_000, "3 months"], [800 * 86_400_000, "2 years"],
])("humanDuration(%d) is %s", (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});

describe("parsePointInTime()", () => {
  const now = 1_700_000_000_000_000_000n;
  test("Unix seconds with a fraction", () => expect(parsePointInTime("1.5", now)).toBe(1_500_000_000n));
  test("a duration back from now", () => expect(parsePointInTime("1h30m", now)).toBe(now - 5_400_000_000_000n));
  test("RFC 3339, whole and in part", () => {
    expect(parsePointInTime("1970-01-01T00:00:01.000000005Z", now)).toBe(1_000_000_005n);
    expect(parsePointInTime("1970-01-02", now)).toBe(86_400_000_000_000n);
    expect(parsePointInTime("1970-01-01T01:00:00+01:00", now)).toBe(0n);
  });
  test("refuses anything else", () => expect(() => parsePointInTime("x", now)).toThrow('failed to parse value as time or duration: "x"'));
  test("parseGoDuration() knows its units", () => expect(parseGoDuration("1m1.5s")).toBe(61_500_000_000n));
});

describe("detach keys", () => {
  test("default and names", () => {
    expect([...parseDetachKeys("")]).toEqual([16, 17]);
    expect([...parseDetachKeys("a,ctrl-@,ctrl-[")]).toEqual([97, 0, 27]);
    expect(() => parseDetachKeys("bogus")).toThrow("Invalid detach keys (bogus) provided");
    expect(() => parseDetachKeys("bogus", "escape")).toThrow("Invalid escape keys (bogus) provided");
  });
  test("found when cut in pieces; what only begins like them is passed on", () => {
    const scanner = new DetachScanner(parseDetachKeys(""));
    expect(scanner.scan(Uint8Array.of(1, 16))).toEqual({ pass: Uint8Array.of(1), detached: false });
    expect(scanner.scan(Uint8Array.of(5))).toEqual({ pass: Uint8Array.of(16, 5), detached: false });
    expect(scanner.scan(Uint8Array.of(16)).detached).toBe(false);
    expect(scanner.scan(Uint8Array.of(17)).detached).toBe(true);
  });
});

describe("resolveUser()", () => {
  const texts: Record<string, string> = { "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n", "/etc/group": "root:x:0:\nwww:x:34:\nextra:x:50:web,x\nops:x:60:web\n" };
  const files = { readFile: (path: string) => (texts[path] === undefined ? undefined : Buffer.from(texts[path])) };
  const empty = { readFile: () => undefined };
  test("nobody said: root, with root's home", () => expect(resolveUser("", [], files)).toEqual({ uid: 0, gid: 0, additionalGids: [0], home: "/root" }));
  test("a name brings its groups", () => expect(resolveUser("web", [], files)).toEqual({ uid: 33, gid: 34, additionalGids: [34, 50, 60], home: "/srv" }));
  test("a group that is given replaces them", () => expect(resolveUser("web:ops", ["7"], files)).toEqual({ uid: 33, gid: 60, additionalGids: [60, 7], home: "/srv" }));
  test("the first line that is the user's, whatever else has the words in it", () => {
    const odd = { readFile: (path: string) => Buffer.from(path === "/etc/passwd" ? "# web:x:1:1::/no:\nxweb:x:2:2::/no:\na:web:3:3:web::web:\n web:x:33:34::/srv:\nweb:x:5:5::/no:" : "web:x:7:\nno:x:8:xweb,webx\nyes:x:9:a,web,b") };
    expect(resolveUser("web", [], odd)).toEqual({ uid: 33, gid: 34, additionalGids: [34, 9], home: "/srv" });
    expect(resolveUser("33:web", ["yes"], odd)).toEqual({ uid: 33, gid: 7, additionalGids: [7, 9], home: "/srv" });
  });
  test("looks at so many lines and no more", () => {
    const long = (line: string) => ({ readFile: () => Buffer.alloc(4 * 1024 * 1024, line) });
    expect(() => resolveUser("web", [], long("x:web:\n"))).toThrow('/etc/passwd of the container has more than 5000 lines with "web:"');
    expect(() => resolveUser("web", [], long("x\n"))).toThrow("unable to find user web");
    expect(resolveUser("", [], long(":"))).toMatchObject({ uid: 0, gid: 0, home: "/" });
  });
  test("numbers need no files", () => expect(resolveUser("1000:1000", [], empty)).toEqual({ uid: 1000, gid: 1000, additionalGids: [1000], home: "/" }));
  test.each([
    ["nosuch", "unable to find user nosuch: no matching entries in passwd file"],
    ["0:nosuch", "unable to find group nosuch: no matching entries in group file"],
    ["12345678901", "uids and gids must be in range 0-2147483647"],
    ["-1", "uids and gids must be in range 0-2147483647"],
  ])("refuses %s", (text, message) => {
    expect(() => resolveUser(text, [], files)).toThrow(message);
  });
});

test("processEnv() gives PATH, HOSTNAME, TERM and HOME, and the user's word over all", () => {
  expect(processEnv({ hostname: "h", tty: true, linked: ["DB_PORT=1", "A=c"], env: ["PATH=/mine", "A=b"], home: "/root" })).toEqual(["PATH=/mine", "HOSTNAME=h", "TERM=xterm", "DB_PORT=1", "A=b", "HOME=/root"]);
});

test("label filters: all of them, with and without value, and not", () => {
  expect(labelsMatch({ a: "1", b: "2" }, { label: ["a", "b=2"] })).toBe(true);
  expect(labelsMatch({ a: "1" }, { label: ["a=2"] })).toBe(false);
  expect(labelsMatch({ a: "1" }, { "label!": ["a"] })).toBe(false);
  expect(() => onlyKnown({ bogus: ["x"] }, ["label"])).toThrow("invalid filter 'bogus'");
});

test("event filters: kinds are joined by and, values by or", () => {
  const message = { Type: "container", Action: "exec_create: ls", Actor: { ID: "abcdef", Attributes: { name: "web", image: "nginx:1", team: "x" } } };
  const matches = (filters: Record<string, string[]>): boolean => compileEventFilters(filters)(message);
  expect(matches({ container: ["web", "db"], event: ["exec_create"] })).toBe(true);
  expect(matches({ container: ["db"] })).toBe(false);
  expect(matches({ image: ["nginx"], label: ["team=x"], type: ["container"] })).toBe(true);
  expect(matches({ network: ["web"] })).toBe(false);
});

test("FrameFilter keeps one stream, however the bytes are cut", () => {
  const err = Uint8Array.from([2, 0, 0, 0, 0, 0, 0, 1, 69]);
  const bytes = Buffer.concat([stdoutFrame("out"), err, stdoutFrame("more")]);
  const filter = new FrameFilter((stream) => stream === 1);
  const kept = [...bytes].flatMap((byte) => filter.push(Uint8Array.of(byte)));
  expect(Buffer.concat(kept)).toEqual(Buffer.concat([stdoutFrame("out"), stdoutFrame("more")]));
});
