/** `~/.docker/config.json`: what is read of it, what it does to a command, and docker's words when it is broken. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandSpec } from "../../src/cli/command.ts";
import { loadConfig, type ConfigFile } from "../../src/cli/config-file.ts";
import { configWarning } from "../../src/cli/config-problem.ts";
import { applyConfiguration } from "../../src/cli/configured-flags.ts";
import { jsonSyntaxError } from "../../src/cli/json-syntax-error.ts";
import { parseLine } from "../../src/cli/parse.ts";
import { PRUNE_CONTAINERS, PS, RUN } from "../../src/cli/table/container.ts";

const folder = mkdtempSync("/tmp/hk-config-");
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string) {
  writeFileSync(join(folder, "config.json"), text);
  return loadConfig(folder);
}

const warning = (text: string): string => configWarning(load(text)).replace(`WARNING: Error parsing config file (${folder}/config.json): `, "");

describe("loadConfig()", () => {
  test("takes a missing and an empty file as empty", () => {
    expect(loadConfig("/nonexistent")).toEqual({ folder: "/nonexistent", file: {} });
    expect(load("").file).toEqual({});
  });

  test("keeps what it knows and leaves the rest", () => {
    expect(load('{"psFormat": "{{.ID}}", "auths": {"x": {}}, "detachKeys": null}').file).toEqual({ psFormat: "{{.ID}}" });
  });

  test("leaves out what has the wrong type, and says so", () => {
    expect(load('{"psFormat": 3, "detachKeys": "a"}').file).toEqual({ detachKeys: "a" });
    expect(warning('{"psFormat": 3}')).toBe("json: cannot unmarshal number into Go struct field ConfigFile.psFormat of type string\n");
    expect(warning('{"HttpHeaders": []}')).toBe("json: cannot unmarshal array into Go struct field ConfigFile.HttpHeaders of type map[string]string\n");
  });

  test("goes on without a file that is no JSON", () => {
    expect(load("{bad").file).toEqual({});
    expect(warning("{bad")).toBe("invalid character 'b' looking for beginning of object key string\n");
  });
});

test("jsonSyntaxError() speaks as Go's encoding/json", () => {
  const cases: Record<string, string | undefined> = {
    '{"a": [1, -2.5e3, true, null, "\\u00e9"]}': undefined,
    "": "unexpected end of JSON input",
    "{": "unexpected end of JSON input",
    x: "invalid character 'x' looking for beginning of value",
    '{"a" 1}': "invalid character '1' after object key",
    '{"a":1 "b"}': "invalid character '\"' after object key:value pair",
    "[1 2]": "invalid character '2' after array element",
    "1 2": "invalid character '2' after top-level value",
    tru: "unexpected end of JSON input",
    trux: "invalid character 'x' in literal true (expecting 'e')",
    "01": "invalid character '1' after top-level value",
    "-x": "invalid character 'x' in numeric literal",
    "1.x": "invalid character 'x' after decimal point in numeric literal",
    "1e+": "unexpected end of JSON input",
    '"\n"': "invalid character '\\n' in string literal",
    '"\\x"': "invalid character 'x' in string escape code",
    '"\\u12g"': "invalid character 'g' in \\u hexadecimal character escape",
  };
  for (const [text, expected] of Object.entries(cases)) expect({ text, error: jsonSyntaxError(text) }).toEqual({ text, error: expected });
});

describe("applyConfiguration()", () => {
  const flagsOf = (command: CommandSpec, file: ConfigFile, ...words: string[]) => {
    const { flags } = parseLine(words, command.flags, false);
    applyConfiguration({ flags, host: "unix:///x", command, file });
    return flags;
  };

  test("gives a list its format, unless the line has one or asks for names alone", () => {
    expect(flagsOf(PS, { psFormat: "{{.ID}}" }).string("format")).toBe("{{.ID}}");
    expect(flagsOf(PS, { psFormat: "{{.ID}}" }, "--format", "json").string("format")).toBe("json");
    expect(flagsOf(PS, { psFormat: "{{.ID}}" }, "-q").string("format")).toBeUndefined();
  });

  test("gives every attaching command its detach keys", () => {
    expect(flagsOf(RUN, { detachKeys: "ctrl-a" }).string("detach-keys")).toBe("ctrl-a");
    expect(flagsOf(RUN, { detachKeys: "ctrl-a" }, "--detach-keys", "b").string("detach-keys")).toBe("b");
  });

  test("puts proxies into the environment, by engine, in both cases of the name", () => {
    const proxies = { default: { httpProxy: "http://d" }, "unix:///x": { httpProxy: "http://p", noProxy: "a,b" } };
    expect(flagsOf(RUN, { proxies }).list("env")).toEqual(["HTTP_PROXY=http://p", "http_proxy=http://p", "NO_PROXY=a,b", "no_proxy=a,b"]);
    expect(flagsOf(RUN, { proxies }, "-e", "HTTP_PROXY=mine", "-e", "no_proxy").list("env")).toEqual(["HTTP_PROXY=mine", "no_proxy", "http_proxy=http://p", "NO_PROXY=a,b"]);
  });

  test("adds prune filters that the line does not contradict", () => {
    expect(flagsOf(PRUNE_CONTAINERS, { pruneFilters: ["label=keep", "until=1h", "bad"] }, "--filter", "label!=keep").list("filter")).toEqual(["label!=keep", "until=1h"]);
  });
});
