/** What a copy takes has one digest, whether it is worked out from a context's list or from the files. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ContextStore } from "../../src/build/contexts/store.ts";
import { readWanted } from "../../src/cli/build/send-files.ts";
import { walkFolder } from "../../src/cli/build/walk-folder.ts";
import { contentOf } from "../../src/layer-files/content-digest.ts";
import { MergedTree, type CopyAction } from "../../src/layer-files/mod.ts";
import { writeVarint } from "../../src/spec/mod.ts";
import { scratchFolder } from "../scratch.ts";

const root = scratchFolder();
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FILES = ["a", "a-b/x", "a.d/y", "d/one", "d/two.txt", "d/sub/deep/er", "d/sub/deep.txt", "d/sub2/z", "é/ü", "日本/語", "empty-not/.keep", "\u{1f600}/\u{e000}"];

async function receive() {
  const source = join(root, "source");
  for (const path of FILES) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), `content of ${path}`);
  }
  mkdirSync(join(source, "d/empty"));
  chmodSync(join(source, "d/one"), 0o4711);
  symlinkSync("d", join(source, "link"));
  symlinkSync("one", join(source, "d/linked"));
  const walked = walkFolder(source, undefined);
  const copy = await ContextStore.open(join(root, "store")).receive("a".repeat(64), walked.listing, async function* (wanted) {
    const numbers = Buffer.alloc(wanted.length * 8);
    let [at, previous] = [0, -1];
    for (const { number } of wanted) [at, previous] = [writeVarint(numbers, at, number - previous - 1), number];
    yield* readWanted(source, walked, numbers.subarray(0, at));
  });
  // As the list has it, which does not tell of the top.
  chmodSync(copy.folder, 0o755);
  return copy;
}

const copy = (changes: Partial<CopyAction>): CopyAction => ({
  action: "copy", input: 0, sources: ["."], target: "/", targetIsFolder: true, wildcards: true, parents: false, exclude: [], owner: "", mode: "", unpack: false, contentsOnly: true, followLinks: true, required: true, ...changes,
});
const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

describe.skipIf(process.getuid?.() !== 0)("the content of a copy", () => {
  const received = receive();
  const both = async (action: CopyAction) => {
    const { contents, folder } = await received;
    using tree = new MergedTree([folder]);
    return { listed: await contents.digestOf(action, new AbortController().signal), looked: contentOf(tree, { ...action, sources: action.sources.map(bytes) }, () => undefined) };
  };

  test.each([
    ["everything", {}],
    ["a file", { sources: ["/d/one"] }],
    ["a folder under its name", { sources: ["d/sub"], contentsOnly: false }],
    ["several", { sources: ["d/sub", "a", "/é/"] }],
    ["an empty folder", { sources: ["d/empty"], contentsOnly: false }],
    ["a pattern", { sources: ["d/*.txt"] }],
    ["patterns of folders", { sources: ["*/sub*/*", "日?/*"] }],
    ["a pattern that nothing matches", { sources: ["nothing*"] }],
    ["without names", { exclude: ["**/*.txt", "é"] }],
    ["without a folder but for some of it", { exclude: ["d", "!d/sub/deep/er"] }],
    ["without all", { exclude: ["**"] }],
    ["without the file", { sources: ["d/two.txt"], exclude: ["*.txt"] }],
  ] as const)("%s", async (_, changes) => {
    const { listed, looked } = await both(copy(changes as Partial<CopyAction>));
    expect(listed).toBe(looked);
  });

  test("is another one with every file that it has", async () => {
    const digests = new Set(await Promise.all(FILES.map(async (path) => (await both(copy({ exclude: [path] }))).listed)));
    expect(digests.size).toBe(FILES.length);
  });

  test("is not known where a link leads, and of nothing there is none", async () => {
    const { contents } = await received;
    const { signal } = new AbortController();
    expect(await contents.digestOf(copy({ sources: ["link/one"] }), signal)).toBeUndefined();
    expect(await contents.digestOf(copy({ sources: ["d/linked"] }), signal)).toBeUndefined();
    await expect(contents.digestOf(copy({ sources: ["none"] }), signal)).rejects.toMatchObject({ kind: "NotFound", message: '"/none": not found' });
  });
});
