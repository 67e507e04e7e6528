/** Config, history and step names of whole files, compared with what Docker makes of them where there is one. */
import { afterAll, describe, expect, test } from "bun:test";
import { docker, dockerBuild, peer, WHY_NOT } from "./docker-build.ts";
import { METADATA, type MetadataCase } from "./metadata-table.ts";
import { metadataOf, withoutDefaults } from "./metadata.ts";

const rows = METADATA.map((item) => [item.name, item] as const);

describe("metadata of an image", () => {
  test.each(rows)("%s", (_, { dockerfile, buildArgs = {}, config, history, titles }) => {
    expect(metadataOf(dockerfile, buildArgs)).toEqual({ config, history: [...history], titles: [...titles] });
  });
});

const TAG = `hk-language-${process.pid}`;

/** Blanks at the ends are lost in the table that docker prints. */
const shown = (lines: readonly string[]): string[] => lines.join("\n").split("\n").map((line) => line.trim()).filter(Boolean);

async function compare({ dockerfile, buildArgs = {}, config, history, titles }: MetadataCase): Promise<void> {
  const args = Object.entries(buildArgs).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  const { stderr, code } = await dockerBuild({ Dockerfile: dockerfile, f: "x", f2: "x" }, ["--progress=plain", "-t", TAG, ...args]);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  const inspected = JSON.parse((await docker("image", "inspect", TAG)).stdout) as { Config: object }[];
  expect(withoutDefaults(inspected[0]?.Config ?? {})).toEqual(config as Record<string, unknown>);
  const lines = (await docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", TAG)).stdout.trimEnd().split("\n").toReversed();
  expect(shown(lines).toSorted()).toEqual(shown(history).toSorted());
  const steps = [...stderr.matchAll(/^#[0-9]+ \[ *[0-9]+\/[0-9]+\] (.*)$/gm)].map(([, title = ""]) => title);
  expect([...new Set(steps)].toSorted()).toEqual([...new Set(titles)].toSorted());
}

if (peer === undefined) test.skip(`metadata, as Docker makes it (${WHY_NOT})`, () => {});
else {
  describe("metadata, as Docker makes it", () => {
    afterAll(() => docker("image", "rm", "-f", TAG));
    test.each(rows)("%s", (_, item) => compare(item), 60_000);
  });
}
