import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, HAKO, run, startEngine, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";
import { ownRegistry, type Beside } from "./registry-processes.ts";

setDefaultTimeout(120_000);

let engine: TestEngine;
let registry: Beside;
beforeAll(async () => {
  engine = await startEngine();
  registry = await ownRegistry(engine);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

/** In the engine's network, where the registry is. */
const inside = (...command: string[]) => run(["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", ...command]);

async function published(text: string, ...flags: string[]): Promise<{ code: number; stderr: string }> {
  const file = join(scratchFolder(), "compose.yaml");
  writeFileSync(file, text);
  return await inside(HAKO, "-H", engine.host, "compose", "-f", file, "publish", ...flags, `${registry.host}/app:1`);
}

test("publish puts the file into a registry, as docker-compose does", async () => {
  const text = `name: pub\nservices:\n  web: { image: ${BUSYBOX}, environment: { A: "1" } }\n`;
  expect(await published(text)).toMatchObject({ code: 1, stderr: expect.stringContaining('service "web" has environment variable(s) declared.') });
  expect(await published(text, "--with-env", "--yes")).toMatchObject({ code: 0, stderr: ` web Skipped \n ${registry.host}/app:1 publishing \n ${registry.host}/app:1 published \n` });
  const get = async (path: string): Promise<string> => (await inside("curl", "-sf", "-H", "Accept: application/vnd.oci.image.manifest.v1+json", `http://${registry.host}/v2/app/${path}`)).stdout;
  const manifest = JSON.parse(await get("manifests/1")) as { artifactType: string; layers: { digest: string; mediaType: string; annotations: Record<string, string> }[] };
  expect(manifest).toMatchObject({ artifactType: "application/vnd.docker.compose.project", layers: [{ mediaType: "application/vnd.docker.compose.file+yaml", annotations: { "com.docker.compose.file": "compose.yaml" } }] });
  expect(await get(`blobs/${manifest.layers[0]?.digest}`)).toBe(text);
});

test("what others could not use is not published", async () => {
  expect(await published(`name: pub\nservices:\n  web: { build: . }\n`)).toMatchObject({ code: 1, stderr: expect.stringContaining('only contains a build section for service(s):\n- "web"') });
  expect(await published(`name: pub\nservices:\n  web: { image: ${BUSYBOX}, volumes: [./x:/x] }\n`)).toMatchObject({ code: 1, stderr: expect.stringContaining("--yes") });
});
