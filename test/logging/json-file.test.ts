import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { instantText, jsonLine } from "../../src/logging/json-file/json-line.ts";
import { jsonFile } from "../../src/logging/json-file/json-file.ts";
import { scratchFolder } from "../scratch.ts";
import { CONTAINER, message, T0 } from "./fixture.ts";

let dir: string;
beforeEach(() => {
  dir = scratchFolder();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const path = (): string => join(dir, `${CONTAINER.id}-json.log`);
const open = (options: Record<string, string> = {}, mark?: unknown) => {
  if (!jsonFile.open) throw new Error("json-file writes a file");
  return jsonFile.open({ container: CONTAINER, options, dir, mark });
};

// The right-hand sides are what Docker 28.5.2 wrote for the same output.
test.each([
  ["hi", '{"log":"hi\\n","stream":"stdout","time":"2026-01-02T03:04:05.6789Z"}\n'],
  ["<&>\t\u0001", '{"log":"\\u003c\\u0026\\u003e\\u0009\\u0001\\n","stream":"stdout","time":"2026-01-02T03:04:05.6789Z"}\n'],
  ['€ \\ " \u2028\u007f', '{"log":"€ \\\\ \\" \\u2028\u007f\\n","stream":"stdout","time":"2026-01-02T03:04:05.6789Z"}\n'],
  ["cr\r", '{"log":"cr\\r\\n","stream":"stdout","time":"2026-01-02T03:04:05.6789Z"}\n'],
  ["", '{"log":"\\n","stream":"stdout","time":"2026-01-02T03:04:05.6789Z"}\n'],
])("a line of %j is written byte for byte as Docker does", (line, expected) => {
  expect(jsonLine(message(line), "")).toBe(expected);
});

test("bytes that are no text become the replacement letter, one each", () => {
  const bytes = (line: number[]): string => JSON.parse(jsonLine({ ...message(""), line: Uint8Array.from(line) }, "")).log;
  expect(jsonLine({ ...message(""), line: Uint8Array.of(0xff, 0x22) }, "")).toContain('"log":"\\ufffd\\"\\n"');
  expect(bytes([0xff, 0x41])).toBe("\ufffdA\n");
  expect(bytes([0xe2, 0x82, 0x41])).toBe("\ufffd\ufffdA\n");
  expect(bytes([0xed, 0xa0, 0x80])).toBe("\ufffd\ufffd\ufffd\n");
  expect(bytes([0xef, 0xbf, 0xbd, 0xe2, 0x82, 0xac])).toBe("\ufffd€\n");
});

test("a piece of a line has no end of line, the last one has", () => {
  const partial = { id: "x", ordinal: 1, last: false };
  expect(jsonLine(message("a", { partial }), "")).toContain('"log":"a"');
  expect(jsonLine(message("a", { partial: { ...partial, last: true } }), "")).toContain('"log":"a\\n"');
});

test("instants have no zeros at the end", () => {
  expect(instantText(T0)).toBe("2026-01-02T03:04:05.6789Z");
  expect(instantText(1_000_000_000n)).toBe("1970-01-01T00:00:01Z");
});

test("labels, variables and the tag stand in every line, in order", async () => {
  const file = await open({ labels: "l1", env: "E1", tag: "{{.Name}}/{{.ID}}" });
  await file.write([message("hi")]);
  await file.close();
  expect(readFileSync(path(), "utf8")).toBe('{"log":"hi\\n","stream":"stdout","attrs":{"E1":"x","l1":"v1","tag":"web/0123456789ab"},"time":"2026-01-02T03:04:05.6789Z"}\n');
});

test("rotates as Docker does: a file that has max-size is followed by the next", async () => {
  const file = await open({ "max-size": "100", "max-file": "3" });
  await file.write(["1", "2", "3", "4", "5", "6", "7"].map((line) => message(line)));
  await file.close();
  const logs = (name: string): string[] => readFileSync(join(dir, name), "utf8").trim().split("\n").map((line) => JSON.parse(line).log);
  expect(readdirSync(dir).sort()).toEqual(["", ".1", ".2"].map((suffix) => `${CONTAINER.id}-json.log${suffix}`));
  expect(logs(`${CONTAINER.id}-json.log`)).toEqual(["7\n"]);
  expect(logs(`${CONTAINER.id}-json.log.1`)).toEqual(["5\n", "6\n"]);
  expect(logs(`${CONTAINER.id}-json.log.2`)).toEqual(["3\n", "4\n"]);
});

test("compresses older files, with the last line's time where Docker looks for it", async () => {
  const file = await open({ "max-size": "100", "max-file": "3", compress: "true" });
  for (const line of ["1", "2", "3", "4", "5"]) await file.write([message(line)]);
  await file.close();
  const compressed = readFileSync(`${path()}.1.gz`);
  expect(gunzipSync(compressed).toString().split("\n").length).toBe(3);
  expect(compressed.subarray(10, 60).toString("latin1")).toContain('{"lastTime":"2026-01-02T03:04:05.6789Z"}');
  expect(existsSync(`${path()}.1`)).toBe(false);
});

test("after a crash goes on where the last acknowledged message ended", async () => {
  const file = await open();
  await file.write([message("kept")]);
  const mark: unknown = JSON.parse(JSON.stringify(file.mark?.()));
  await file.close();
  appendFileSync(path(), '{"log":"half a li');
  const next = await open({}, mark);
  await next.write([message("again")]);
  await next.close();
  expect(readFileSync(path(), "utf8").trim().split("\n").map((line) => JSON.parse(line).log)).toEqual(["kept\n", "again\n"]);
});
