/** The import rules of ARCHITECTURE.md and the style that can be checked by reading the files. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { Glob } from "bun";

const ROOT = join(import.meta.dir, "..");
const MECHANISM = ["base", "spec", "linux"];

/** What each folder of src/ may import, besides itself. Type imports count. */
const ALLOWED: Record<string, readonly string[]> = {
  base: [],
  spec: ["base"],
  // Go's templates, which the command line and log tags are written in.
  template: [],
  linux: ["base"],
  configuration: ["base", "spec"],
  dockerfile: ["base", "spec"],
  archive: MECHANISM,
  content: MECHANISM,
  snapshot: MECHANISM,
  registry: MECHANISM,
  volume: MECHANISM,
  network: MECHANISM,
  dns: MECHANISM,
  runtime: MECHANISM,
  logging: [...MECHANISM, "template"],
  "oci-runtime": [...MECHANISM, "runtime"],
  image: [...MECHANISM, "archive", "content", "registry", "snapshot", "dockerfile"],
  "layer-files": [...MECHANISM, "archive"],
  // Calls over a connection that is there already: HTTP/2, and protobuf's wire form.
  grpc: ["base"],
  build: [...MECHANISM, "grpc", "layer-files", "archive", "content", "snapshot", "runtime", "image", "dockerfile"],
  engine: [...MECHANISM, "archive", "content", "snapshot", "registry", "volume", "network", "dns", "runtime", "logging", "image", "build"],
  api: ["base", "spec", "engine"],
  client: ["base", "spec"],
  compose: ["base", "spec", "client"],
  // Definitions of several builds; a Compose file is one.
  bake: ["base", "spec", "compose"],
  // archive: contexts are exported and imported as tar.
  // registry: manifest lists are made and pushed without an engine.
  cli: ["base", "spec", "template", "client", "compose", "bake", "archive", "configuration", "registry", "dockerfile"],
};

/** What programs import is a root of its own, behind which the library stands. */
const LIBRARY = { from: "src/compose-library.ts", to: "src/compose/library/mod.ts" };

/** The composition roots: files directly in src/ join everything; the executable's entry may start them. */
const COMPOSITION_ENTRY = "src/cli/main.ts";

/** Paths that are data about the inside of a container, not doors to this host's kernel. */
const CONTAINER_PATHS = new Set(["src/engine/container-tree.ts", "src/engine/create/complete-host-config.ts", "src/engine/spec-for/mounts.ts", "src/runtime/container-devices.ts", "src/oci-runtime/default-config.ts"]);

/** The command line starts the engine when none listens, asks helpers for credentials, lets providers make services that are no containers, reads repositories with the user's own git and keys, makes base images with the programs that Debian has for that, and reaches an engine of another machine through ssh; none of them has a runtime/ to ask. */
const SPAWNS = new Set(["src/cli/start-engine.ts", "src/cli/bootstrap/programs.ts", "src/cli/credentials/credential-program.ts", "src/client/ssh/open-ssh.ts", "src/cli/compose/provider-program.ts", "src/cli/remote/git.ts"]);

/** The packages that the executable holds, each with the one folder that it is for. */
const BUNDLED: Readonly<Record<string, string>> = { yaml: "compose" };

interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** The text without comments: rules are about code. */
  readonly code: string;
}

const FORBIDDEN_FOLDERS = ["utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "lib", "shared"];

function sourceFiles(pattern: string): SourceFile[] {
  return [...new Glob(pattern).scanSync({ cwd: ROOT })].sort().map((path) => {
    const text = readFileSync(join(ROOT, path), "utf8");
    return { path, text, code: withoutComments(text) };
  });
}

/** Drops comments and keeps strings: one pass over tokens that may hide one another. */
function withoutComments(text: string): string {
  return text.replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|(?<![:\\\w])\/\/[^\n]*/g, (token) =>
    token.startsWith("/*") || token.startsWith("//") ? token.replace(/[^\n]/g, "") : token,
  );
}

function importsOf(file: SourceFile): string[] {
  const pattern = /(?:^|[;\s])(?:import|export)\s[^;"'`]*?from\s*["']([^"']+)["']|(?:^|[;\s])import\s*["']([^"']+)["']|\b(?:import|require)\(\s*["']([^"']+)["']/g;
  return [...file.code.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** "runtime" for src/runtime/x.ts; "" for a file directly in src/; undefined outside of src/. */
function folderOf(path: string): string | undefined {
  const parts = path.split("/");
  if (parts[0] !== "src") return undefined;
  return parts.length > 2 ? parts[1] : "";
}

const isTest = (path: string): boolean => path.endsWith(".test.ts") || path.includes("/testing/");
const sources = sourceFiles("src/**/*.ts").filter((file) => !isTest(file.path));
const everything = ["src/**/*.ts", "test/**/*.ts", "bench/**/*.ts", "setup/**/*.ts", "native/**/*.ts"].flatMap(sourceFiles);

interface Edge {
  readonly from: string;
  readonly to: string;
}

const edges: Edge[] = sources.flatMap((file) =>
  importsOf(file)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => ({ from: file.path, to: normalize(join(dirname(file.path), specifier)) })),
);
const crossing = edges.filter(({ from, to }) => folderOf(from) !== folderOf(to));
const show = ({ from, to }: Edge): string => `${from} imports ${to}`;

test("every folder of src has its import rule", () => {
  const unknown = new Set(sources.map((file) => folderOf(file.path)).filter((folder) => folder !== undefined && folder !== "" && !(folder in ALLOWED)));
  expect([...unknown]).toEqual([]);
});

test("folders import only what their rule allows", () => {
  const offending = crossing.filter(({ from, to }) => {
    const source = folderOf(from);
    const target = folderOf(to);
    if (source === undefined || source === "" || target === undefined) return false;
    if (target === "") return from !== COMPOSITION_ENTRY;
    if (from === "src/api/build.ts" && target === "build") return false;
    return !ALLOWED[source]?.includes(target);
  });
  expect(offending.map(show)).toEqual([]);
});

test("other folders are entered through their mod.ts", () => {
  const offending = crossing.filter(({ from, to }) => {
    const target = folderOf(to);
    return target !== undefined && target !== "" && to !== `src/${target}/mod.ts` && to.endsWith(".ts") && !(from === LIBRARY.from && to === LIBRARY.to);
  });
  expect(offending.map(show)).toEqual([]);
});

test("folders do not import each other in a circle", () => {
  const graph = new Map<string, Set<string>>();
  for (const { from, to } of crossing) {
    const source = folderOf(from);
    const target = folderOf(to);
    if (!source || !target) continue;
    graph.set(source, (graph.get(source) ?? new Set()).add(target));
  }
  const done = new Set<string>();
  const visit = (folder: string, trail: readonly string[]): string[] => {
    if (trail.includes(folder)) return [[...trail.slice(trail.indexOf(folder)), folder].join(" → ")];
    if (done.has(folder)) return [];
    const cycles = [...(graph.get(folder) ?? [])].flatMap((next) => visit(next, [...trail, folder]));
    done.add(folder);
    return cycles;
  };
  expect([...graph.keys()].flatMap((folder) => visit(folder, []))).toEqual([]);
});

test("imports name modules that exist here or come with the runtime", () => {
  const offending = sources.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => !/^(?:\.|node:|bun$|bun:)/.test(specifier) && BUNDLED[specifier] !== folderOf(file.path))
      .map((specifier) => `${file.path} imports ${specifier}`),
  );
  expect(offending).toEqual([]);
});

test("no folder or file is named for nothing in particular", () => {
  const offending = everything.filter(({ path }) => path.split("/").some((part) => FORBIDDEN_FOLDERS.includes(part.replace(/\.ts$/, ""))));
  expect(offending.map((file) => file.path)).toEqual([]);
});

test("no file is longer than 500 lines", () => {
  const offending = everything.filter(({ text }) => text.split("\n").length > 501);
  expect(offending.map((file) => `${file.path}: ${file.text.split("\n").length - 1} lines`)).toEqual([]);
});

test("nothing is left to be done later", () => {
  const offending = [...everything, ...sourceFiles("native/**/*.{c,h}"), ...sourceFiles("setup/*"), ...sourceFiles("*.md")].filter(
    ({ path, text }) => path !== "test/architecture.test.ts" && /\b(?:FIXME|TODO|XXX)\b/.test(text),
  );
  expect(offending.map((file) => file.path)).toEqual([]);
});

test("/proc and /sys are named only in linux/", () => {
  const offending = sources
    .filter(({ path }) => folderOf(path) !== "linux" && !CONTAINER_PATHS.has(path))
    .flatMap(({ path, code }) => [...code.matchAll(/["'`]\/(?:proc|sys)(?![\w.-])[^"'`\n]*/g)].map((match) => `${path}: ${match[0]}`));
  expect(offending).toEqual([]);
});

test("processes are spawned only in runtime/ and linux/", () => {
  const offending = sources
    .filter(({ path }) => !["runtime", "linux"].includes(folderOf(path) ?? "") && !SPAWNS.has(path))
    .filter(({ code }) => /["'](?:node:)?child_process["']|\bBun\.(?:spawn|spawnSync|\$)|\bspawnFd\(/.test(code));
  expect(offending.map((file) => file.path)).toEqual([]);
});

test("the environment is read only by the composition root and the command line", () => {
  // A parameter named process (the runtime spec's) hides the global.
  const isGlobal = (code: string): boolean => !/\bprocess\??:\s|\b(?:const|let) process\b|[{,]\s*process\s*[,}]/.test(code);
  const offending = sources.filter(
    ({ path, code }) => folderOf(path) !== "cli" && path !== "src/daemon.ts" && (/\b(?:Bun|import\.meta)\.env\b/.test(code) || (/\bprocess\.env\b/.test(code) && isGlobal(code))),
  );
  expect(offending.map((file) => file.path)).toEqual([]);
});

// Programs of other runtimes, and a process that waits for `start`, are watched over by the same shim.
test("C stays small: at most 3,950 lines of code", () => {
  const lines = ["native/shim/*.{c,h}", "native/addon/*.{c,h}", "native/hello/*.{c,h}"]
    .flatMap(sourceFiles)
    .filter(({ path }) => !path.includes(".gen.") && !/(?:test|fuzz)/.test(path))
    .reduce((sum, { code }) => sum + code.split("\n").filter((line) => line.trim() !== "").length, 0);
  expect(lines).toBeLessThanOrEqual(3950);
});
