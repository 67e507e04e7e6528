/** `import { loadProject } from "hakobune/compose"`: a typed project. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadProject, type Project } from "hakobune/compose";
import { scratchFolder } from "../scratch.ts";

const folder = scratchFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FILE = `name: shop
services:
  web:
    image: web:\${TAG:-1}
    ports: ["127.0.0.1:8080:80"]
    volumes: [./html:/srv:ro, data:/data]
    environment: {A: 1, B: null}
    depends_on: {db: {condition: service_healthy, restart: true}}
    mem_limit: 64m
    stop_grace_period: 1m30s
    healthcheck: {test: curl x, interval: 10s, retries: 3}
    deploy: {replicas: 2}
    command: sh -c 'echo "two words"'
    x-own: {when: 2020-01-01, half: 0.5}
  db: {image: db, extra_hosts: ["a:1.1.1.1"], ulimits: {nofile: 5}}
  tool: {image: tool, profiles: [debug]}
volumes: {data: {}, unused: {}}
`;

let project: Project;
beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "compose.yaml"), FILE);
  project = loadProject({ currentDirectory: folder, environment: { TAG: "2" } });
});

test("a service has its values in plain units", () => {
  const { web } = project.services;
  expect(web?.image).toBe("web:2");
  expect(web?.ports).toEqual([{ mode: "ingress", host_ip: "127.0.0.1", target: 80, published: "8080", protocol: "tcp" }]);
  expect(web?.volumes?.map(({ type, source, target, read_only }) => ({ type, source, target, read_only }))).toEqual([
    { type: "bind", source: join(folder, "html"), target: "/srv", read_only: true },
    { type: "volume", source: "data", target: "/data", read_only: undefined },
  ]);
  expect(web?.environment).toEqual({ A: "1", B: null });
  expect(web?.depends_on).toEqual({ db: { condition: "service_healthy", restart: true, required: true } });
  expect({ memory: web?.mem_limit, grace: web?.stop_grace_period, interval: web?.healthcheck?.interval, replicas: web?.deploy?.replicas }).toEqual({ memory: 64 << 20, grace: 90e9, interval: 10e9, replicas: 2 });
  expect(web?.command).toEqual(["sh", "-c", 'echo "two words"']);
  expect(web?.extensions).toEqual({ "x-own": { when: new Date("2020-01-01T00:00:00Z"), half: 0.5 } });
});

test("a project knows what it is made of", () => {
  expect({ name: project.name, folder: project.workingDir, files: project.composeFiles }).toEqual({ name: "shop", folder, files: [join(folder, "compose.yaml")] });
  expect(Object.keys(project.services)).toEqual(["web", "db"]);
  expect(Object.keys(project.disabledServices)).toEqual(["tool"]);
  expect(project.networks).toEqual({ default: { name: "shop_default" } });
  expect(project.volumes).toEqual({ data: { name: "shop_data" } });
});

test("services may be chosen; naming one activates its profiles", () => {
  const chosen = loadProject({ currentDirectory: folder, services: ["tool"], allResources: true });
  expect(Object.keys(chosen.services)).toEqual(["tool"]);
  expect(Object.keys(chosen.volumes)).toEqual(["data", "unused"]);
  expect(() => loadProject({ currentDirectory: folder, services: ["none"] })).toThrow("no such service: none");
});

test("warnings are told, each once", () => {
  writeFileSync(join(folder, "warn.yaml"), 'version: "3"\nservices: {a: {image: "i${X}${X}${Y}"}}\n');
  const warnings: string[] = [];
  loadProject({ currentDirectory: folder, files: ["warn.yaml"], onWarning: (message) => warnings.push(message) });
  expect(warnings).toEqual([
    'The "X" variable is not set. Defaulting to a blank string.',
    'The "Y" variable is not set. Defaulting to a blank string.',
    `${join(folder, "warn.yaml")}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
  ]);
});

test("two hundred services that depend on one another", () => {
  const services = Array.from({ length: 200 }, (_, index) => `  s${index}: {image: "i:${index}", ports: ["${10_000 + index}:80"], environment: [A=${index}], depends_on: [${index === 0 ? "" : `s${index - 1}`}]}\n`);
  writeFileSync(join(folder, "many.yaml"), `services:\n${services.join("")}`);
  expect(Object.keys(loadProject({ currentDirectory: folder, files: ["many.yaml"] }).services)).toHaveLength(200);
});
