/** Requests that nobody would write by hand: whatever comes, the answer is never a failure of the engine. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { routes } from "../../src/api/mod.ts";
import type { Subject } from "./contract.ts";
import { call } from "./wire.ts";

/** These answer for as long as their client listens, or turn into a stream. */
const ENDLESS = new Set(["GET /events"]);
/** These ask a registry out there, whose answer, or silence, is not the engine's. */
const OUTSIDE = new Set(["POST /auth", "GET /distribution/{name}/json", "GET /images/search", "POST /images/create", "POST /images/{name}/push"]);
/** A server that would outlive the engine; test/e2e/fuzz.test.ts asks for it and stops it. */
const STARTS = "POST /hako/registry/start";
const candidates = routes.filter(({ method, path }) => !ENDLESS.has(`${method} ${path}`) && !OUTSIDE.has(`${method} ${path}`) && `${method} ${path}` !== STARTS);

const oddText = fc.oneof(
  fc.constantFrom("", "0", "-1", "1e9", "99999999999999999999", "true", "null", "[]", "{}", '{"a":', '{"label":{"a":1}}', "../..", "a/b", "%", "\u0000", "é", "x".repeat(5000)),
  fc.string({ maxLength: 20 }),
  fc.json({ maxDepth: 2 }),
);
const oddPath = oddText.map((text) => encodeURIComponent(text.toWellFormed()).replace(/^$/, "%20"));
const oddBody = fc.oneof(
  fc.json({ maxDepth: 3 }),
  oddText,
  fc.record({ Image: oddText, Cmd: fc.jsonValue({ maxDepth: 1 }), Env: fc.jsonValue({ maxDepth: 1 }), HostConfig: fc.jsonValue({ maxDepth: 2 }), Name: oddText, Driver: oddText }, { requiredKeys: [] }).map((value) => JSON.stringify(value)),
);

const request = fc.record({ route: fc.constantFrom(...candidates), version: fc.constantFrom("", "/v1.24", "/v1.41", "/v1.51"), ref: oddPath, values: fc.array(oddPath, { minLength: 1, maxLength: 6 }), body: fc.option(oddBody, { nil: undefined }) });

export function describeMalformed(subject: Subject, numRuns: number): void {
  describe(`malformed requests: ${subject.name}`, () => {
    test("no answer is a 5xx, but for what is not there", async () => {
      await fc.assert(
        fc.asyncProperty(request, async ({ route, version, ref, values, body }) => {
          const query = Object.keys(route.query).map((name, index) => `${name}=${values[index % values.length]}`).join("&");
          const target = `${version}${route.path.replace(/\{\w+\}/, ref)}?${query}`;
          const answer = await call(subject.socket(), { method: route.method, target, headers: { "Content-Type": "application/json" }, ...(body !== undefined && { body }) });
          expect(answer.status === 501 || answer.status === 503 || answer.status < 500 ? "fine" : `${route.method} ${target} ${body}: ${answer.status} ${answer.text}`).toBe("fine");
        }),
        { numRuns },
      );
    }, 120_000);

    test("the engine goes on", async () => {
      expect((await call(subject.socket(), { method: "GET", target: "/_ping" })).text).toBe("OK");
    });
  });
}
