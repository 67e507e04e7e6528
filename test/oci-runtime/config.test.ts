import { afterAll, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { EngineError } from "../../src/base/mod.ts";
import { readBundle } from "../../src/oci-runtime/config.ts";
import { defaultConfig } from "../../src/oci-runtime/default-config.ts";
import { scratchFolder } from "../scratch.ts";

const folder = scratchFolder();
mkdirSync(join(folder, "rootfs"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string): ReturnType<typeof readBundle> {
  writeFileSync(join(folder, "config.json"), text);
  return readBundle(folder);
}

test("readBundle() takes what `spec` writes", () => {
  const { spec, rootfs, hooks } = read(JSON.stringify(defaultConfig()));
  expect(rootfs).toBe(join(folder, "rootfs"));
  expect(spec.process).toMatchObject({ terminal: true, args: ["sh"], user: { uid: 0, gid: 0, additionalGids: [] }, rlimits: [{ type: "RLIMIT_NOFILE", soft: 1024n, hard: 1024n }] });
  expect(hooks.poststop).toEqual([]);
});

test("readBundle() keeps numbers of 64 bits to the last digit", () => {
  const text = JSON.stringify(defaultConfig()).replace('"hard":1024', '"hard":18446744073709551615').replace('"soft":1024', '"soft":18446744073709551614');
  expect(read(text).spec.process.rlimits).toEqual([{ type: "RLIMIT_NOFILE", soft: 18446744073709551614n, hard: 18446744073709551615n }]);
});

test("readBundle() denies devices first and allows the usual ones last", () => {
  const { devices } = read(JSON.stringify(defaultConfig())).spec.linux.resources;
  expect(devices[0]).toEqual({ allow: false, access: "rwm" });
  expect(devices).toContainEqual({ allow: true, type: "c", major: 1, minor: 3, access: "rwm" });
});

test("readBundle() refuses whatever else is put in any place with an error in words", () => {
  const paths = places(defaultConfig());
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 2 }), (path, value) => {
      const config = structuredClone(defaultConfig());
      put(config, path, value);
      try {
        read(JSON.stringify(config));
      } catch (error) {
        if (!(error instanceof EngineError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
      }
    }),
    { numRuns: 500 },
  );
});

type Path = readonly (string | number)[];

function places(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [at];
  return [...(at.length > 0 ? [at] : []), ...Object.entries(value).flatMap(([key, member]) => places(member, [...at, Array.isArray(value) ? Number(key) : key]))];
}

function put(target: unknown, [first = "", ...rest]: Path, value: unknown): void {
  const holder = target as Record<string | number, unknown>;
  if (rest.length === 0) holder[first] = value;
  else put(holder[first], rest, value);
}
