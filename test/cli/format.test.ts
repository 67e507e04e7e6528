import { describe, expect, test } from "bun:test";
import { alignTabs } from "../../src/cli/format/columns.ts";
import { humanDuration } from "../../src/cli/format/duration.ts";
import { indentJson } from "../../src/cli/format/json-text.ts";
import { ellipsis, shortId } from "../../src/cli/format/names.ts";
import { displayPorts } from "../../src/cli/format/ports.ts";
import { binarySize, humanSize } from "../../src/cli/format/size.ts";
import { printable } from "../../src/cli/output.ts";
import { parseBytes, parseDuration, parseNanoCpus } from "../../src/cli/values.ts";

test("sizes have docker's digits and units", () => {
  expect([0, 1, 999, 1000, 1923, 1_982_256, 999_600, 7_935_000, 2 ** 60].map((size) => humanSize(size))).toEqual(["0B", "1B", "999B", "1kB", "1.92kB", "1.98MB", "1e+03kB", "7.93MB", "1.15EB"]);
  expect([1_982_256, 7_935_123].map((size) => humanSize(size, 4))).toEqual(["1.982MB", "7.935MB"]);
  expect(binarySize(25_276_112_896)).toBe("23.54GiB");
});

test("lengths of time are said as docker says them", () => {
  const seconds = [0.5, 1, 59, 60, 119, 120, 3599, 3600, 5400, 47 * 3600, 48 * 3600, 13 * 86400, 14 * 86400, 60 * 86400, 400 * 86400, 730 * 86400, 1100 * 86400];
  expect(seconds.map(humanDuration)).toEqual([
    "Less than a second", "1 second", "59 seconds", "About a minute", "About a minute", "2 minutes", "59 minutes", "About an hour", "2 hours",
    "47 hours", "2 days", "13 days", "2 weeks", "2 months", "13 months", "2 years", "3 years",
  ]);
});

test("values of flags are read as Go reads them", () => {
  expect(["10", "1k", "1K", "1.5m", "2GB", "1GiB", "1 kb", "0"].map(parseBytes)).toEqual([10, 1024, 1024, 1572864, 2 ** 31, 2 ** 30, 1024, 0]);
  for (const bad of ["", "x", "1zb", "-1", "1.5.5m", "1ib"]) expect(() => parseBytes(bad)).toThrow();
  expect(["1h30m", "1.5s", "300ms", "0", "-2s"].map(parseDuration)).toEqual([5400e9, 1.5e9, 300e6, 0, -2e9]);
  expect(() => parseDuration("5")).toThrow('time: missing unit in duration "5"');
  expect(["1.5", "1/2", ".25"].map(parseNanoCpus)).toEqual([1.5e9, 0.5e9, 0.25e9]);
});

describe("alignTabs()", () => {
  test("aligns the cells before the last, at least ten wide", () => {
    expect(alignTabs("A\tB\tC\n123456789\tx\ty\n")).toBe("A           B         C\n123456789   x         y\n");
  });

  test("starts anew after a line without the column, and counts characters", () => {
    expect(alignTabs("aaaaaaaaaaaa\tb\nplain\nç\td")).toBe("aaaaaaaaaaaa   b\nplain\nç         d");
  });
});

test("displayPorts() joins neighbours", () => {
  expect(
    displayPorts([
      { IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
      { IP: "0.0.0.0", PrivatePort: 9001, PublicPort: 9001, Type: "tcp" },
      { IP: "0.0.0.0", PrivatePort: 9000, PublicPort: 9000, Type: "tcp" },
      { PrivatePort: 53, Type: "udp" },
      { IP: "::", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
    ]),
  ).toBe("53/udp, 0.0.0.0:9000-9001->9000-9001/tcp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp");
});

test("indentJson() leaves values as they were sent", () => {
  expect(indentJson('[{"a":18446744073709551615,"b":{},"c":[],"d":"x: {\\"y\\", }","e":[1,null]}]')).toBe(
    '[\n    {\n        "a": 18446744073709551615,\n        "b": {},\n        "c": [],\n        "d": "x: {\\"y\\", }",\n        "e": [\n            1,\n            null\n        ]\n    }\n]',
  );
});

test("names are shortened and made harmless", () => {
  expect(shortId("sha256:0c240f3e0bb5aaaa")).toBe("0c240f3e0bb5");
  expect(ellipsis("sh -c 'head -c 2000'", 10)).toBe("sh -c 'he…");
  expect(printable("a\u001b[31mb\nc\u009b")).toBe("a?[31mb?c?");
});
