import { describe, expect, test } from "bun:test";
import { cleanedPath, splitTarget } from "./dispatch.ts";
import { Router } from "./router.ts";
import { routes } from "./routes.ts";
import { isOlder, splitVersion } from "./version.ts";

describe("Router", () => {
  const router = new Router(routes);
  const cases: [string, string, string | undefined, string?][] = [
    ["GET", "/images/json", "/images/json", ""],
    ["GET", "/images/json/json", "/images/{name}/json", "json"],
    ["GET", "/images/a/b:1/json", "/images/{name}/json", "a/b:1"],
    ["DELETE", "/images/localhost:5000/a", "/images/{name}", "localhost:5000/a"],
    ["POST", "/containers/create", "/containers/create", ""],
    ["GET", "/containers/x/attach/ws", "/containers/{id}/attach/ws", "x"],
    ["POST", "/containers/x%2Fy/attach", "/containers/{id}/attach", "x%2Fy"],
    ["GET", "/containers//json", undefined],
    ["GET", "/volumes/", undefined],
    ["PUT", "/containers/json", undefined],
  ];
  for (const [method, path, expected, ref] of cases)
    test(`find() takes ${method} ${path} to ${expected ?? "nothing"}`, () => {
      const match = router.find(method, path);
      expect(match?.route.path).toBe(expected);
      expect(match?.ref).toBe(ref);
    });
});

test("splitVersion() takes the prefix off", () => {
  expect(splitVersion("/v1.43/info")).toEqual({ version: "1.43", path: "/info" });
  expect(splitVersion("/info")).toEqual({ version: "1.51", path: "/info" });
  expect(splitVersion("/v1.x/info")).toEqual({ version: "1.51", path: "/v1.x/info" });
});

test("isOlder() compares part by part", () => {
  expect(["1.9", "1.24", "1.51", "1.51.0"].map((version) => isOlder(version, "1.51"))).toEqual([true, true, false, false]);
});

test("cleanedPath() drops empty and dot segments", () => {
  expect(["/a//b", "/a/./b", "/a/../b", "//", "/a/b", "/a/.b", "/a//"].map(cleanedPath)).toEqual(["/a/b", "/a/b", "/b", "/", undefined, undefined, "/a/"]);
});

test("splitTarget() takes the absolute form", () => {
  expect(splitTarget("http://d/info?a=1")).toEqual({ path: "/info", search: "a=1" });
  expect(splitTarget("http://d")).toEqual({ path: "/", search: "" });
});
