/** The expected JSON is what `docker buildx bake --print` prints of the same files. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { DefinitionError, listTargets, listVariables, printBaked, readDefinition, resolveBake } from "../../src/bake/mod.ts";
import { EngineError } from "../../src/base/mod.ts";

const FOLDER = join(import.meta.dir, "definitions");
const file = (name: string): string => readFileSync(join(FOLDER, name), "utf8");
const plain = { environment: {}, variables: {}, localPlatform: "linux/amd64", cmdContext: "cwd://", overrides: [] };

function bake(text: string, names: string[] = [], overrides: string[] = [], environment: Record<string, string> = {}) {
  return resolveBake(readDefinition([{ name: "docker-bake.hcl", text }]), names, { ...plain, environment, overrides });
}
const target = (text: string, name = "default", overrides: string[] = []) => bake(text, [name], overrides).target[name];

test("every form of expression and every function", () => {
  expect(`${printBaked(bake(file("expressions.hcl")))}\n`).toBe(file("expressions.json"));
});

test("every function gives what Go's gives", () => {
  expect(`${printBaked(bake(file("functions.hcl")))}\n`).toBe(file("functions.json"));
});

test("functions refuse what they cannot do", () => {
  for (const call of ['cidrhost("10.0.0.0/24", 256)', 'cidrsubnet("10.0.0.0/30", 4, 1)', 'cidrhost("x", 1)', 'timeadd("now", "1h")', 'timeadd("2020-01-01T00:00:00Z", "soon")', 'convert("x", number)', 'convert("1", nosuch)', 'csvdecode("a,b\\n1")', 'uuidv5("nosuch", "x")', 'rsadecrypt("x", "y")', "setproduct([1])", 'bcrypt("x", 100)']) {
    expect(() => target(`target "default" { tags = [jsonencode(${call})] }`), call).toThrow(DefinitionError);
  }
});

test("names may be patterns, and --set must name something", () => {
  const text = 'target "app-a" { tags = ["a"] }\ntarget "app-b" {}\ntarget "_hidden" {}\ngroup "g" {\n description = "both"\n targets = ["app-b", "app-a"]\n}';
  expect(Object.keys(bake(text, ["app-*"]).target)).toEqual(["app-a", "app-b"]);
  expect(() => bake(text, ["z*"])).toThrow('could not find any target matching "z*"');
  for (const [override, problem] of [["z.tags=x", "could not find any target matching 'z'"], ["app-a", "invalid override key app-a, expected target.name"], ["*.args=x", "args requires name"], ["*.no-cache=maybe", "invalid value maybe for boolean key no-cache"]] as const) {
    expect(() => bake(text, ["app-a"], [override])).toThrow(problem);
  }
  expect(bake(text, ["app-a"], ["*.tags="]).target["app-a"]).toEqual({ context: ".", dockerfile: "Dockerfile" });
  expect(bake(text, ["app-a"], ["*.args.HOME", "*.args.NONE"], { HOME: "/h" }).target["app-a"]?.args).toEqual({ HOME: "/h" });
  expect(bake(text, ["g"]).group).toEqual({ default: { targets: ["g"] }, g: { description: "both", targets: ["app-b", "app-a"] } });
  expect(listTargets(readDefinition([{ name: "docker-bake.hcl", text }]), plain).map(({ name, description }) => `${name}: ${description}`)).toEqual(["app-a: ", "app-b: ", "g: both (app-a, app-b)"]);
});

test("groups, inheritance, a matrix, linked targets, lists of fields", () => {
  expect(`${printBaked(bake(file("targets.hcl")))}\n`).toBe(file("targets.json"));
});

test("--set and the environment", () => {
  const overrides = ["app.args.A=zz", "*.tags+=more", "app.platform=linux/arm64", "app.output=type=image", "app.labels.q=1"];
  expect(`${printBaked(bake(file("targets.hcl"), ["app"], overrides, { TAG: "t1", N: "5", B: "true" }))}\n`).toBe(file("overridden.json"));
});

test("JSON says the same as HCL, its texts are templates", () => {
  const json = JSON.stringify({ variable: { TAG: { default: "v1" } }, group: { default: { targets: ["a"] } }, target: { a: { tags: ["x:${TAG}"], args: { N: 1 } } } });
  const made = resolveBake(readDefinition([{ name: "docker-bake.json", text: json }]), [], plain);
  expect(made.target["a"]).toEqual({ context: ".", dockerfile: "Dockerfile", tags: ["x:v1"], args: { N: "1" } });
});

test("a later file goes on top of an earlier one", () => {
  const files = [
    { name: "a.hcl", text: 'target "default" { \n tags = ["one"] \n args = { A = "1", B = "1" } \n }' },
    { name: "b.hcl", text: 'target "default" { \n tags = ["two"] \n args = { B = "2" } \n }' },
  ];
  expect(resolveBake(readDefinition(files), [], plain).target["default"]).toMatchObject({ tags: ["two"], args: { A: "1", B: "2" } });
});

test("the environment's texts become what the default is", () => {
  const text = 'variable "L" { default = ["a"] }\nvariable "N" { default = 1 }\nvariable "T" { \n type = list(string) \n}\ntarget "default" { \n tags = concat(L, T) \n args = { N = N + 1 } \n}';
  expect(bake(text, [], [], { L: "b,c", N: "4", T: '["d"]' }).target["default"]).toMatchObject({ tags: ["b", "c", "d"], args: { N: "5" } });
  expect(() => bake(text, [], [], { N: "four" })).toThrow("invalid value for variable N");
});

test("--push and --load", () => {
  const text = 'target "default" { \n output = ["type=image,name=x"] \n}';
  expect(target(text, "default", ["*.push=true"])?.output).toEqual([{ name: "x", push: "true", type: "image" }]);
  expect(target(text, "default", ["*.load=true"])?.output).toEqual([{ name: "x", type: "image" }, { type: "docker" }]);
});

test("lists of what there is", () => {
  const definition = readDefinition([{ name: "docker-bake.hcl", text: file("targets.hcl") }]);
  expect(listTargets(definition, plain).map(({ name, description, group }) => [name, description, group]).slice(0, 4)).toEqual([
    ["app", "The app", false],
    ["common", "", false],
    ["default", "app, mx", true],
    ["mx", "mx-1-linux-amd64, mx-1-linux-arm64, mx-2-linux-amd64, mx-2-linux-arm64", true],
  ]);
  expect(listVariables(definition, plain).map(({ name, value }) => `${name}=${value}`)).toEqual(["B=false", 'L=["a","b"]', "N=3", "TAG=latest"]);
});

describe("mistakes are told with their place", () => {
  test.each([
    ["x = ", "docker-bake.hcl:1,5: expected a value"],
    ['target "a" {', "a block has no end"],
    ['target "a" {\n tags = ["x"\n}', "docker-bake.hcl:3,1: value: expected"],
    ['target "default" {\n tags = [nosuch]\n}', 'There is no variable named "nosuch"'],
    ['target "default" {\n tags = [nosuch()]\n}', 'There is no function named "nosuch"'],
    ['target "default" {\n tags = ["a\n"]\n}', "a quoted string must end on its line"],
    ['target "default" {\n args = { A = <<EOT\nx\n }\n}', "the heredoc has no end"],
    ['target "default" {\n tags = "${1 / 0}"\n}', "Division by zero"],
    ['target "default" {\n tags = { a = 1 }\n}', "target.default.tags: a text is wanted"],
    ['a = b\nb = a\ntarget "default" {\n tags = [a]\n}', "variable cycle not allowed"],
    ['target "default" {\n tags = target.default.tags\n}', "variable cycle not allowed for target.default.tags"],
    ['target "default" { \n inherits = ["b"] \n}\ntarget "b" { \n inherits = ["default"] \n}', "infinite loop from default -> b -> default"],
    ['function "f" { \n params = [x] \n result = f(x) \n}\ntarget "default" { \n tags = [f("a")] \n}', "f calls itself without end"],
    ['target "default" { \n tags = [for x in range(1000) : [for y in range(1000) : "t"]] \n}', "more than 100000 values"],
    ['target "defualt" {}', "failed to find target default (did you mean defualt?)"],
    ['variable "V" { \n default = "" \n validation { \n condition = V != "" \n error_message = "V is needed" \n } \n}\ntarget "default" {}', "V is needed"],
    ['target "m" { \n matrix = { a = ["1"] } \n}', "a matrix needs a name"],
    ["bogus \"x\" {}", 'Blocks of type "bogus" are not expected here'],
  ])("%s", (text, message) => {
    expect(() => bake(text)).toThrow(message);
  });
});

test("whatever the text: a definition, or one error of ours", () => {
  const words = fc.constantFrom("target", '"a"', "{", "}", "[", "]", "(", ")", "=", "\n", "${", "%{", "~}", "<<E", "E", "for", "in", "x", ":", "=>", "...", "?", "1", '"', "\\", ".", "*", "if", "endif", "#", "/*", "*/", "$$", ",");
  fc.assert(fc.property(fc.array(words, { maxLength: 40 }), (tokens) => {
    try {
      bake(tokens.join(" "), ["a"]);
    } catch (error) {
      if (!(error instanceof DefinitionError) && !(error instanceof EngineError)) throw error;
    }
  }), { numRuns: 2000 });
});

test("deep nesting is refused, not a crash", () => {
  expect(() => bake(`x = ${"[".repeat(100_000)}`)).toThrow("nested too deeply");
  expect(() => bake(`x = ${"!".repeat(100_000)}true`)).toThrow("nested too deeply");
});
