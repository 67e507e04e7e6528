import { describe, expect, test } from "bun:test";
import { formatListing } from "../../src/cli/format/listing-template.ts";
import { containerListing } from "../../src/cli/commands/ps.ts";
import { Template, TemplateError } from "../../src/template/mod.ts";
import { inspectTemplate } from "../../src/cli/format/inspect-template.ts";

const DATA = {
  Id: "dc99ede81e38874b",
  Name: "/web",
  State: { Running: true, Paused: false, ExitCode: 0, Pid: 42 },
  Config: { Env: ["A=1", "B=2"], Cmd: ["sleep", "300"], Labels: { a: "b", c: "d" }, Image: "busybox", Volumes: null },
  HostConfig: { CapAdd: null, Memory: 67108864, CpuRatio: 1.5 },
  Mounts: [{ Source: "/tmp", Destination: "/x" }, { Source: "/var", Destination: "/y" }],
};

/** Templates and what docker 28 prints for such a container. */
const EXPECTED: ReadonlyArray<readonly [template: string, output: string]> = [
  ["{{.Name}} {{.State.Pid}}", "/web 42"],
  ["{{json .Config.Env}}", '["A=1","B=2"]'],
  ["{{.Config.Cmd}}", "[sleep 300]"],
  ["{{.Config.Labels}}", "map[a:b c:d]"],
  ["{{.HostConfig.CapAdd}}|{{json .HostConfig.CapAdd}}|{{.Config.Volumes}}", "[]|null|map[]"],
  ["{{len .Config.Env}} {{index .Config.Env 1}} {{index .Config.Labels \"a\"}}{{index .Config.Labels \"zz\"}}", "2 B=2 b"],
  ["{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}", "a=b;c=d;"],
  ["{{range .Mounts}}{{.Source}}->{{.Destination}} {{end}}", "/tmp->/x /var->/y "],
  ["{{range $i, $m := .Mounts}}{{if $i}}, {{end}}{{$m.Source}}{{end}}", "/tmp, /var"],
  ["{{range .Config.Nothing}}x{{else}}none{{end}}".replace("Nothing", "Volumes"), "none"],
  ["{{if and .State.Running (not .State.Paused)}}up{{else}}down{{end}}", "up"],
  ["{{if eq .State.ExitCode 0}}ok{{else if eq .State.ExitCode 1}}one{{else}}bad{{end}}", "ok"],
  ["{{if or (eq .Name \"/x\") (ne .State.Pid 0)}}yes{{end}}", "yes"],
  ['{{printf "%-6s|%5d|%q|%05.1f%%" .Name .State.Pid .Config.Image .HostConfig.CpuRatio}}', '/web  |   42|"busybox"|001.5%'],
  ['{{join .Config.Cmd ","}} {{split "a,b" ","}} {{title "foo bar"}} {{upper "x"}}{{lower "Y"}}', "sleep,300 [a b] Foo Bar Xy"],
  ["{{with .Config}}{{.Image}}{{end}} {{- \" x\" }}", "busybox x"],
  ["a {{- 1 -}} b{{/* nothing */}}", "a1b"],
  ["{{println 1 \"a\"}}", "1 a\n"],
  ["{{.Name | upper | printf \"%s!\"}}", "/WEB!"],
  ["{{$x := .Name}}{{$x}} {{$.Id}}", "/web dc99ede81e38874b"],
  ["{{slice .Id 0 4}} {{truncate .Id 3}} {{pad \"a\" 1 2}}|", "dc99 dc9  a  |"],
  ["{{range .Config.Env}}{{if eq . \"B=2\"}}{{break}}{{end}}{{.}}{{end}}", "A=1"],
  ["{{lt 1 2}} {{ge 1 2}} {{not true}}", "true false false"],
  ["{{if .State.Health}}x{{else}}none{{end}}", "none"],
  ["{{\"}}\"}}", "}}"],
];

describe("inspectTemplate()", () => {
  for (const [template, output] of EXPECTED) {
    test(template, () => expect(inspectTemplate(template)(DATA)).toBe(output));
  }

  test("says what is not there, and where", () => {
    expect(() => inspectTemplate("{{.Foo}}")(DATA)).toThrow('template parsing error: template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"');
    expect(() => inspectTemplate("{{")).toThrow("template parsing error: template: :1: unclosed action");
    expect(() => inspectTemplate("{{foo .Name}}")).toThrow('template parsing error: template: :1: function "foo" not defined');
    expect(() => inspectTemplate("{{if .Name}}")).toThrow("unexpected EOF");
  });

  test("does not reach what belongs to objects of the language", () => {
    expect(() => inspectTemplate("{{.constructor}}")(DATA)).toThrow("map has no entry");
    expect(() => inspectTemplate("{{.Config.Env.length}}")(DATA)).toThrow("can't evaluate field");
  });
});

test("a template that asks for more than can be is refused, not run", () => {
  const refused = (source: string): boolean => {
    try {
      new Template(source).run([1, 2, 3]);
      return false;
    } catch (error) {
      if (error instanceof TemplateError) return true;
      throw error;
    }
  };
  const loop = "{{range 1000}}".repeat(4) + "x" + "{{end}}".repeat(4);
  for (const source of ["{{range 4000000000}}{{end}}", "{{range 9000000000}}{{end}}", loop, '{{pad "x" 4000000000 0}}', '{{pad "x" -1 0}}', '{{printf "%.200f" 1.5}}', '{{printf "%c" -1}}', `{{${"(".repeat(200_000)}1${")".repeat(200_000)}}}`]) expect([source.slice(0, 40), refused(source)]).toEqual([source.slice(0, 40), true]);
  expect(new Template('{{printf "%999999999d" 1}}').run({})).toBe("%!(BADWIDTH)1");
});

test("a template can be run again", () => {
  const template = new Template("{{range .}}{{.}}{{end}}");
  expect([template.run([1, 2]), template.run(["a"])]).toEqual(["12", "a"]);
});

test("formatListing() prints tables, templates and JSON", () => {
  const rows = [{ Id: "0123456789abcdef", Names: ["/web"], Image: "<x>", Command: "sh", Labels: { a: "b" }, State: "running", Status: "Up", Created: 0 }];
  const listing = containerListing(false, false);
  expect(formatListing(rows, listing, "table {{.ID}}\\t{{.Names}}", false)).toBe("CONTAINER ID   NAMES\n0123456789ab   web\n");
  expect(formatListing(rows, listing, '{{.Names}} {{.Label "a"}} {{.Label "z"}}|', false)).toBe("web b |\n");
  expect(formatListing(rows, listing, "json", false)).toContain('"Image":"\\u003cx\\u003e"');
  expect(() => formatListing(rows, listing, "{{.Foo}}", false)).toThrow("can't evaluate field Foo");
});

describe("inspect --format", () => {
  const data = { Config: { Labels: { a: "b" } }, NetworkSettings: { Networks: { bridge: { IPAddress: "172.17.0.2" } } } };
  test.each([
    ["{{.Config.Labels.a}}", "b"],
    ["{{.Config.Labels.nokey}}", "<no value>"],
    ["{{.NetworkSettings.Networks.bridge.IPAddress}}", "172.17.0.2"],
    ["{{.NetworkSettings.Networks.nonet.IPAddress}}", "<no value>"],
    ["{{if .Config.Labels.nokey}}y{{else}}n{{end}}", "n"],
    ["{{json .Config.Labels.nokey}}", "null"],
  ])("%s, as docker prints it", (format, expected) => expect(inspectTemplate(format)(data)).toBe(expected));

  test("a field that docker's types do not have is a mistake", () => expect(() => inspectTemplate("{{.Config.Nope}}")(data)).toThrow('map has no entry for key "Nope"'));
});
