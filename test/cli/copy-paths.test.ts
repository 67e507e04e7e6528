import { describe, expect, test } from "bun:test";
import { placeCopy, rebaseName, splitArgument, splitEntry, type CopySide } from "../../src/cli/copy/paths.ts";

test.each([
  ["c:/x", "c", "/x"], ["c:x", "c", "x"], ["/c:x", "", "/c:x"], ["./c:x", "", "./c:x"], ["x", "", "x"], ["-", "", "-"], ["c:a:b", "c", "a:b"], [":x", "", "x"],
])("splitArgument(%s)", (argument, container, path) => {
  expect(splitArgument(argument)).toEqual({ container, path });
});

test.each([["/a/b", "/a", "b"], ["/a/b/", "/a", "b"], ["/a/b/.", "/a/b", "."], ["/", "/", "/"], ["a", ".", "a"], [".", ".", "."], ["/a/../b", "/", "b"]])("splitEntry(%s)", (path, folder, entry) => {
  expect(splitEntry(path)).toEqual({ folder, entry });
});

test.each([
  ["/t/l", "/t/d", "/t/d", "l"], ["/t/l/", "/t/d", "/t/d/", "l"], ["/t/l/.", "/t/d", "/t/d/.", undefined], ["/t/d", "/t/d", "/t/d", undefined],
] as const)("rebaseName(%s, %s)", (path, resolved, result, name) => {
  expect(rebaseName(path, resolved)).toEqual({ path: result, rebaseName: name });
});

describe("placeCopy()", () => {
  const side = (path: string, kind: "folder" | "file" | "missing", name?: string): CopySide => ({ path, exists: kind !== "missing", isFolder: kind === "folder", rebaseName: name });

  test("into a folder: names as they come", () => {
    expect(placeCopy(side("/s/d", "folder"), side("/t", "folder"))).toEqual({ folder: "/t" });
  });
  test("to a name: the top takes it", () => {
    expect(placeCopy(side("/s/f", "file"), side("/t/new", "missing"))).toEqual({ folder: "/t", rename: { from: "f", to: "new" } });
    expect(placeCopy(side("/s/d/.", "folder"), side("/t/new", "missing"))).toEqual({ folder: "/t", rename: { from: ".", to: "new" } });
    expect(placeCopy(side("/s/f", "file", "link"), side("/t/new", "file"))).toEqual({ folder: "/t", rename: { from: "link", to: "new" } });
  });
  test("what does not go together is refused", () => {
    expect(() => placeCopy(side("/s/d", "folder"), side("/t/f", "file"))).toThrow("cannot copy directory");
    expect(() => placeCopy(side("/s/f", "file"), side("/t/new/", "missing"))).toThrow("no such directory");
    expect(() => placeCopy(side("/s/f", "file"), side("/t/new/.", "missing"))).toThrow("no such directory");
  });
});
