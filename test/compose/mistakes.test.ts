/** Files that are wrong: one message with docker-compose's sentence, the place, and what to do. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkPorts, ComposeError, loadProject, type LoadProjectOptions } from "../../src/compose/mod.ts";
import { scratchFolder } from "../scratch.ts";

const folder = scratchFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What loading these files says; of a text alone, compose.yaml. */
function mistake(files: string | Readonly<Record<string, string>>, options: LoadProjectOptions = {}): ComposeError {
  const project = join(folder, crypto.randomUUID());
  for (const [path, text] of Object.entries(typeof files === "string" ? { "compose.yaml": files } : files)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  try {
    loadProject({ currentDirectory: project, ...options });
  } catch (error) {
    if (error instanceof ComposeError) return Object.assign(error, { message: error.message.replaceAll(`${project}/`, "") });
    throw error;
  }
  throw new Error("it was loaded");
}

const web = (lines: string): string => `services:\n  web:\n    image: a\n${lines}`;

describe("a message names file, line, column, path and fix", () => {
  test.each<[string, string, string, string]>([
    ["an unknown key", web("    prts: []\n"), "validating compose.yaml: services.web additional properties 'prts' not allowed", "compose.yaml:4:5: services.web: unknown key prts, did you mean ports?"],
    ["an unknown key at the top", "servces: {}\n", "validating compose.yaml:  additional properties 'servces' not allowed", "compose.yaml:1:1: unknown key servces, did you mean services?"],
    ["an unknown key like no other", web("    flavour: x\n"), "validating compose.yaml: services.web additional properties 'flavour' not allowed", "compose.yaml:4:5: services.web: unknown key flavour, leave it out, or name it x-flavour"],
    ["a wrong type", web("    ports: 80\n"), "validating compose.yaml: services.web.ports must be a array", 'compose.yaml:4:5: services.web.ports: write a list: one "- …" in each line'],
    ["a number for a text", web("    user: 1000\n"), "validating compose.yaml: services.web.user must be a string", "compose.yaml:4:5: services.web.user: put it in quotes"],
    ["a wrong item", web("    ports:\n      - '80:80'\n      - [81]\n"), "validating compose.yaml: services.web.ports.1 must be a number", "compose.yaml:6:9: services.web.ports.1"],
    ["a word that is none of these", web("    cgroup: hst\n"), "validating compose.yaml: services.web.cgroup value must be one of 'host', 'private'", "compose.yaml:4:5: services.web.cgroup: did you mean host?"],
    ["a missing key", web("    depends_on: {web: {}}\n"), "validating compose.yaml: services.web.depends_on.web missing property 'condition'", "compose.yaml:4:18: services.web.depends_on.web: add condition:"],
    ["a key twice", web("    image: b\n"), 'failed to parse compose.yaml: line 4: mapping key "image" already defined at line 3', "compose.yaml:4:5: leave one of them out"],
    ["a key that is no text", web("    labels: {80: x}\n"), "non-string key in services.web.labels: 80", "compose.yaml:4:14: put the key in quotes"],
    ["a required variable", web("    command: ${NEEDED:?say why}\n"), "error while interpolating services.web.command: required variable NEEDED is missing a value: say why", "compose.yaml:4:5: services.web.command: set NEEDED in the environment, in .env or in a file given with --env-file"],
    ["a variable that does not end", web("    command: ${NEEDED\n"), "invalid interpolation format for services.web.command.\nYou may need to escape any $ with another $.\n${NEEDED", "compose.yaml:4:5: services.web.command: write a variable as ${NAME}, a dollar sign as $$"],
    ["a text that is no truth value", web("    privileged: maybe\n"), "error while interpolating services.web.privileged: failed to cast to expected type: invalid boolean: maybe", "compose.yaml:4:5: services.web.privileged"],
    ["a size that is none", web("    mem_limit: abc\n"), "decoding failed due to the following error(s):\n\n'services[web].mem_limit' invalid size: 'abc'", "compose.yaml:4:5: services.web.mem_limit"],
    ["a duration that is none", web("    stop_grace_period: 1x\n"), "decoding failed due to the following error(s):\n\n'services[web].stop_grace_period' time: unknown unit \"x\" in duration \"1x\"", "compose.yaml:4:5: services.web.stop_grace_period"],
    ["a port that is none", web("    ports: ['80:80/foo']\n"), "Invalid proto: foo", 'compose.yaml:4:13: services.web.ports: write "PUBLISHED:TARGET", "IP:PUBLISHED:TARGET" or "TARGET", in quotes'],
    ["an undefined network", "services:\n  web: {image: a, networks: [frnt]}\nnetworks: {front: {}}\n", 'service "web" refers to undefined network frnt: invalid compose project', "compose.yaml:2:19: services.web.networks: did you mean front?"],
    ["an undefined volume", web("    volumes: ['data:/data']\n"), 'service "web" refers to undefined volume data: invalid compose project', 'compose.yaml:4:15: services.web.volumes.0: add "data:" below volumes: at the top level'],
    ["an undefined secret", web("    secrets: [s]\n"), 'service "web" refers to undefined secret s: invalid compose project', 'compose.yaml:4:5: services.web.secrets: add "s:" below secrets: at the top level'],
    ["an undefined config", web("    configs: [s]\n"), 'service "web" refers to undefined config s: invalid compose project', 'compose.yaml:4:5: services.web.configs: add "s:" below configs: at the top level'],
    ["an undefined service", web("    depends_on: [db]\n"), 'service "web" depends on undefined service "db": invalid compose project', "compose.yaml:4:18: services.web.depends_on.db"],
    ["a service of an inactive profile", web("    depends_on: [db]\n  db: {image: b, profiles: [data]}\n"), 'service "web" depends on undefined service "db": invalid compose project', "compose.yaml:4:18: services.web.depends_on.db: db is in the profile data: add --profile data, or write required: false below the dependency"],
    ["dependencies in a circle", "services:\n  a: {image: a, depends_on: [b]}\n  b: {image: b, depends_on: [c]}\n  c: {image: c, links: [a]}\n", "dependency cycle detected: a -> b -> c -> a", "compose.yaml:4:25: services.c.depends_on.a: take one of these dependencies away"],
    ["a container's name for two", web("    container_name: one\n    scale: 2\n"), "services.scale: can't set container_name and web as container name must be unique: invalid compose project", "compose.yaml:4:5: services.web.container_name: leave container_name: out, or set scale: 1"],
    ["one name for two containers", "services:\n  a: {image: a, container_name: xx}\n  b: {image: a, container_name: xx}\n", 'services.b: container name "xx" is already in use by service a"', "compose.yaml:3:17: services.b.container_name: give one of them another container_name:"],
    ["no image and no build", "services:\n  a: {hostname: a}\n", 'service "a" has neither an image nor a build context specified: invalid compose project', "compose.yaml:2:3: services.a: add image: or build:"],
    ["two scales", web("    scale: 2\n    deploy: {replicas: 3}\n"), "services.web: can't set distinct values on 'scale' and 'deploy.replicas': invalid compose project", "compose.yaml:4:5: services.web.scale: leave one of them out"],
    ["two limits", web("    mem_limit: 1g\n    deploy: {resources: {limits: {memory: 2g}}}\n"), "services.web: can't set distinct values on 'mem_limit' and 'deploy.resources.limits.memory': invalid compose project", "compose.yaml:4:5: services.web.mem_limit: leave one of them out"],
    ["networks beside network_mode", "services:\n  web: {image: a, network_mode: host, networks: [n]}\nnetworks: {n: {}}\n", "service web declares mutually exclusive `network_mode` and `networks`: invalid compose project", "compose.yaml:2:19: services.web.network_mode: leave one of them out"],
    ["one target twice", web("    tmpfs: /a\n    volumes: [./b:/a]\n"), "services.web.volumes[0]: target /a already mounted as services.web.tmpfs[0]", "compose.yaml:5:15: services.web.volumes.0"],
    ["a probe of no kind", web("    healthcheck: {test: [curl, x]}\n"), 'healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"', "compose.yaml:4:19: services.web.healthcheck.test: write [CMD, curl, …], or a text for the shell"],
    ["a secret from nowhere", web("") + "secrets: {s: {}}\n", "secrets.s: one of file|environment must be set", "compose.yaml:4:11: secrets.s"],
    ["a config from two places", web("") + "configs: {s: {file: a, content: b}}\n", "configs.s: file|environment|content attributes are mutually exclusive", "compose.yaml:4:11: configs.s"],
    ["an external volume with a driver", web("") + "volumes: {v: {external: true, driver: x}}\n", 'volumes.v: conflicting parameters "external" and "driver" specified', "compose.yaml:4:11: volumes.v"],
    ["a file that would have to be fetched", "include: [https://example.com/x.git]\n", "remote compose files are not supported: https://example.com/x.git", "compose.yaml:1:11: include: fetch it first, and name the file"],
    ["extends in a circle", "services:\n  a: {extends: b}\n  b: {extends: a}\n", "Circular reference:\n  a in compose.yaml\n  extends b in compose.yaml\n  extends a in compose.yaml", "compose.yaml:2:7: services.a.extends"],
  ])("%s", (_, text, summary, detail) => expect(mistake(text).message).toBe(`${summary}\n  ${detail}`));
});

test("a mistake says its place to programs too", () => {
  const error = mistake(web("    prts: []\n"));
  expect({ line: error.place?.line, column: error.place?.column, path: error.path }).toEqual({ line: 4, column: 5, path: "services.web" });
});

test("a mistake in an included, an extended or a later file is told of that file", () => {
  const included = mistake({ "compose.yaml": "include: [sub/inner.yaml]\n", "sub/inner.yaml": web("    prts: []\n") });
  expect(included.message).toEndWith("sub/inner.yaml:4:5: services.web: unknown key prts, did you mean ports?");
  const extended = mistake({ "compose.yaml": "services:\n  a: {extends: {file: base.yaml, service: web}}\n", "base.yaml": web("    mem_limit: abc\n") });
  expect(extended.message).toEndWith("base.yaml:4:5: services.a.mem_limit");
  const later = mistake({ "compose.yaml": web(""), "compose.override.yaml": "services:\n  web:\n    ports: {a: b}\n" });
  expect(later.message).toEndWith("compose.override.yaml:3:5: services.web.ports: write a list: one \"- …\" in each line");
});

describe("limits", () => {
  test("of aliases", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", ...Array.from({ length: 8 }, (_, index) => `a${index + 1}: &a${index + 1} [${Array.from({ length: 10 }, () => `*a${index}`).join(", ")}]`)];
    expect(mistake(`x-bomb:\n${lines.map((line) => `  ${line}\n`).join("")}${web("")}`).summary).toContain("document contains excessive aliasing");
  });

  test("of nesting", () => {
    const deep = `x-deep: ${"[".repeat(5000)}${"]".repeat(5000)}\n`;
    expect(mistake(deep + web("")).summary).toContain("nested too deeply");
  });

  test("of size", () => expect(mistake(`# ${"x".repeat(9 << 20)}\n${web("")}`).summary).toContain("larger than 8 MiB"));

  test("of a device without end", () => expect(mistake({ "compose.yaml": web("    env_file: /dev/zero\n") }).summary).toBe("/dev/zero: the file is larger than 8 MiB"));

  test("of an anchor in itself", () => expect(mistake(`x-a: &a [*a]\n${web("")}`).summary).toContain("contains itself"));

  test("of defaults in defaults", () => expect(mistake(web(`    command: "${"${A:-".repeat(200)}${"}".repeat(200)}"\n`)).summary).toStartWith("invalid interpolation format"));
});

describe("env files", () => {
  test.each([
    ["A!B=1\n", 'line 1: unexpected character "!" in variable name "A!B=1"'],
    ['A="no end\n', 'line 1: unterminated quoted value "no end'],
    ["\n\nA B=1\n", "line 3: key cannot contain a space"],
  ])("%j", (text, message) => expect(mistake({ "compose.yaml": web(""), ".env": text }).message).toBe(`failed to read .env: ${message}`));
});

test("ports of the host are given away once", () => {
  const project = (one: string, two: string) => {
    writeFileSync(join(folder, "ports.yaml"), `services:\n  a: {image: a, ports: [${one}]}\n  b: {image: b, ports: [${two}]}\n`);
    return loadProject({ files: [join(folder, "ports.yaml")] });
  };
  expect(() => checkPorts(project("'80:80'", "'80:8080'"))).toThrow('services.b.ports: port 80/tcp of the host is already published by service "a"');
  expect(() => checkPorts(project("'127.0.0.1:80:80'", "'0.0.0.0:80:80'"))).toThrow("already published");
  expect(() => checkPorts(project("'127.0.0.1:80:80'", "'127.0.0.2:80:80'"))).not.toThrow();
  expect(() => checkPorts(project("'80:80'", "'80:80/udp'"))).not.toThrow();
  expect(() => checkPorts(project("'80:80', '[::1]:81:80'", "'127.0.0.1:81:80'"))).not.toThrow();
});
