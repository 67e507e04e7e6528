import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { targetOf, triggersOf, type Trigger } from "../../src/cli/compose/watch/triggers.ts";
import { loadProject } from "../../src/compose/mod.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hako-triggers-"));
  mkdirSync(join(folder, "web"));
  writeFileSync(join(folder, "web/.dockerignore"), "dist\n!dist/kept\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function trigger(text: string, service = "build: ./web"): Trigger {
  writeFileSync(join(folder, "compose.yaml"), `name: t\nservices:\n  web:\n    image: x\n    ${service}\n    develop: { watch: [${text}] }\n`);
  const [first] = triggersOf(loadProject({ files: [join(folder, "compose.yaml")] }), []);
  if (!first) throw new Error("no trigger");
  return first;
}
const concerned = (text: string, ...paths: string[]): string[] => {
  const { concerns } = trigger(text);
  return paths.filter((path) => concerns(join(folder, path)));
};

test("a trigger concerns what is below its path, without what is ignored there, by .dockerignore, by editors and by git", () => {
  expect(concerned('{ path: ./web, action: sync, target: /app, ignore: ["*.tmp", "node_modules/"] }', "web/a", "web/sub/b", "other/a", "website", "web/a.tmp", "web/node_modules/x", "web/dist/c", "web/dist/kept", "web/.git/HEAD", "web/.a.swp", "web/a~")).toEqual(["web/a", "web/sub/b", "web/dist/kept"]);
});

test("include takes what it names alone", () => {
  expect(concerned('{ path: ./web, action: sync, target: /app, include: ["**/*.js"] }', "web/a.js", "web/b.css", "web/sub/c.js")).toEqual(["web/a.js", "web/sub/c.js"]);
});

test("paths go below the target; a path that is a file goes to it", () => {
  const sync = trigger("{ path: ./web, action: sync, target: /app/ }");
  expect([targetOf(sync, join(folder, "web/sub/b")), targetOf(sync, join(folder, "web"))]).toEqual(["/app/sub/b", "/app"]);
});

test("what cannot work is refused with what to do", () => {
  expect(() => trigger("{ path: ./web, action: sync }")).toThrow("target");
  expect(() => trigger("{ path: ./web, action: rebuild }", "command: x")).toThrow("without a build context");
});
