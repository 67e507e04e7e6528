/** docs/reference is made of the command table: `bun src/cli/reference.ts`. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { referencePages } from "../../src/cli/reference.ts";

const FOLDER = join(import.meta.dir, "..", "..", "docs", "reference");

test("docs/reference is what the command table says: otherwise run `bun src/cli/reference.ts`", async () => {
  const pages = await referencePages();
  expect(readdirSync(FOLDER).toSorted()).toEqual([...pages.keys()].toSorted());
  const stale = [...pages].filter(([name, text]) => readFileSync(join(FOLDER, name), "utf8") !== text).map(([name]) => name);
  expect(stale).toEqual([]);
});

test("every link of the index leads to a section", async () => {
  const pages = await referencePages();
  const links = [...(pages.get("README.md") ?? "").matchAll(/\]\(([\w.-]+)(?:#([\w-]+))?\)/g)];
  const broken = links.filter(([, file = "", anchor]) => {
    const headings = [...(pages.get(file) ?? "").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading.replaceAll(" ", "-"));
    return !pages.has(file) || (anchor !== undefined && !headings.includes(anchor));
  });
  expect(broken.map(([whole]) => whole)).toEqual([]);
});
