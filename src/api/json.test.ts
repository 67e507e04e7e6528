import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EngineError } from "../base/mod.ts";
import { createRequest } from "./container-request.ts";
import { bool, int64, listOf, mapOf, string, struct, words } from "./json-shape.ts";
import { parseJson } from "./json-syntax.ts";

const root = { root: "T", path: "" };

describe("shapes", () => {
  const shape = struct<{ Name?: string; On?: boolean; Args?: string[]; Labels?: Record<string, string>; Flags?: boolean[]; Sizes?: number[] }>("T", { Name: string, On: bool, Args: words, Labels: mapOf(string), Flags: listOf(bool), Sizes: listOf(int64) });

  test("decode() keeps what is known, in any case, and nothing else", () => {
    expect(shape.decode({ name: "a", ON: true, Other: 1 }, root)).toEqual({ Name: "a", On: true });
  });

  test("decode() leaves null unset", () => {
    expect(shape.decode({ Name: null, Args: null, Labels: null }, root)).toEqual({});
    expect(shape.decode(null, root)).toBeUndefined();
  });

  test("decode() gives a null among items Go's zero value", () => {
    expect(shape.decode({ Labels: { a: null }, Flags: [null, true], Sizes: [null] }, root)).toEqual({ Labels: { a: "" }, Flags: [false, true], Sizes: [0] });
  });

  test("decode() takes one string for a list of words", () => {
    expect(shape.decode({ Args: "ls" }, root)).toEqual({ Args: ["ls"] });
  });

  test("decode() treats __proto__ as a key like any other", () => {
    const decoded = shape.decode(JSON.parse('{"__proto__": {"Name": "a"}, "Labels": {"__proto__": "b"}}'), root);
    expect(decoded?.Name).toBeUndefined();
    expect(Object.entries(decoded?.Labels ?? {})).toEqual([["__proto__", "b"]]);
    expect(Object.getPrototypeOf(decoded?.Labels)).toBe(Object.prototype);
  });

  test("decode() takes any JSON for a create request or refuses it as the client's mistake", () => {
    fc.assert(
      fc.property(fc.record({ Image: fc.jsonValue(), HostConfig: fc.jsonValue(), Labels: fc.jsonValue(), Env: fc.jsonValue(), Healthcheck: fc.jsonValue() }, { requiredKeys: [] }), (value) => {
        expect(refusalOf(() => createRequest.decode(value, { root: "", path: "" }))).toMatch(/^$|^invalid JSON: json: cannot unmarshal /);
      }),
    );
  });
});

describe("parseJson()", () => {
  test("parses what JSON.parse does", () => {
    fc.assert(fc.property(fc.json(), (text) => expect(parseJson(text)).toEqual(JSON.parse(text))));
  });

  test("names the place of every mistake", () => {
    const broken = fc.tuple(fc.json(), fc.nat(), fc.constantFrom("", '"', "{", "}", "[", "]", ",", ":", "x", "1", "\\", "\u0000", "-", ".", "e", "t")).map(([text, at, piece]) => {
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + piece + text.slice(cut + 1);
    });
    fc.assert(fc.property(broken, (text) => expect(refusalOf(() => parseJson(text))).toMatch(/^$|^invalid JSON: |^unexpected content after JSON$/)), { numRuns: 2000 });
  });

  test("refuses what is nested too deeply, closed or not", () => {
    for (const text of ["[".repeat(1000), "[".repeat(1001), '{"a":'.repeat(1000), `${"[".repeat(1000)}x`, "[".repeat(1_000_000)])
      expect(refusalOf(() => parseJson(text))).toMatch(/^invalid JSON: (?:exceeded max depth|unexpected EOF|invalid character 'x')/);
  });
});

/** The message of a refusal, "" for none; anything but a refusal fails the test. */
function refusalOf(body: () => unknown): string {
  try {
    body();
    return "";
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== "InvalidParameter") throw error;
    return error.message;
  }
}
