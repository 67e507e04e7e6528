/**
 * What every engine answers to a request that is wrong, and the shapes of what is right: the same table is run against
 * this engine and, where one can be reached, against Docker Engine.
 */
import { describe, expect, test } from "bun:test";
import { call, messageOf, type Answer } from "./wire.ts";

export interface Subject {
  readonly name: string;
  readonly kind: "hakobune" | "docker";
  socket(): string;
}

interface BadInput {
  readonly method: string;
  readonly target: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly message: string;
  /** Where Docker's answer is not one to follow: a 5xx for the client's mistake, or a page of HTML. */
  readonly docker?: { readonly status: number; readonly message?: string };
}

const json = { "Content-Type": "application/json" };
const filter = (value: unknown): string => encodeURIComponent(JSON.stringify(value));
const create = (body: string, message: string): BadInput => ({ method: "POST", target: "/containers/create", headers: json, body, status: 400, message });
const unknown = (method: string, target: string, message: string, extra: Partial<BadInput> = {}): BadInput => ({ method, target, status: 404, message, ...extra });
const refused = (method: string, target: string, message: string, extra: Partial<BadInput> = {}): BadInput => ({ method, target, status: 400, message, ...extra });

const NOT_MANAGER = 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

const BAD_INPUT: readonly BadInput[] = [
  // Routes and versions.
  unknown("GET", "/nope", "page not found"),
  unknown("GET", "/v1.52/nope", "page not found"),
  unknown("PUT", "/containers/json", "page not found"),
  unknown("GET", "/v1.51", "page not found"),
  unknown("GET", "/v1.51/containers/json/", "page not found"),
  unknown("GET", "/v1.x/info", "page not found"),
  refused("GET", "/v1.52/version", "client version 1.52 is too new. Maximum supported API version is 1.51"),
  refused("GET", "/v2/version", "client version 2 is too new. Maximum supported API version is 1.51"),
  refused("GET", "/v1.20/version", "client version 1.20 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version", { docker: { status: 400 } }),

  // JSON bodies.
  refused("POST", "/containers/create", "invalid JSON: got EOF while reading request body"),
  { ...create("{}", "unsupported Content-Type header (text/plain): must be 'application/json'"), headers: { "Content-Type": "text/plain" } },
  { ...create("{}", "unsupported Content-Type header (application/jsonx): must be 'application/json'"), headers: { "Content-Type": "application/jsonx" } },
  { ...create("{}", "malformed Content-Type header (): mime: no media type"), headers: {} },
  create("", "invalid JSON: got EOF while reading request body"),
  create("{", "invalid JSON: unexpected EOF"),
  create("x", "invalid JSON: invalid character 'x' looking for beginning of value"),
  create("{a}", "invalid JSON: invalid character 'a' looking for beginning of object key string"),
  create('{"a"}', "invalid JSON: invalid character '}' after object key"),
  create('{"a":1,}', "invalid JSON: invalid character '}' looking for beginning of object key string"),
  create("[1,]", "invalid JSON: invalid character ']' looking for beginning of value"),
  create('{"Image":"a" "b":1}', "invalid JSON: invalid character '\"' after object key:value pair"),
  create('{"Image":tru}', "invalid JSON: invalid character '}' in literal true (expecting 'e')"),
  create('{"Image":01}', "invalid JSON: invalid character '1' after object key:value pair"),
  create('{"Image":"a\nb"}', "invalid JSON: invalid character '\\n' in string"),
  create('{"Image":"\\q"}', "invalid JSON: invalid escape sequence `\\q` in string"),
  create("{} x", "unexpected content after JSON"),
  create(`{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`, "invalid JSON: exceeded max depth"),
  create("[]", "invalid JSON: json: cannot unmarshal array into Go value of type container.CreateRequest"),
  create('"x"', "invalid JSON: json: cannot unmarshal string into Go value of type container.CreateRequest"),
  create('{"Image":1}', "invalid JSON: json: cannot unmarshal number into Go struct field .Image of type string"),
  create('{"Tty":"x"}', "invalid JSON: json: cannot unmarshal string into Go struct field .Tty of type bool"),
  create('{"Env":"a"}', "invalid JSON: json: cannot unmarshal string into Go struct field .Env of type []string"),
  create('{"Cmd":1}', "invalid JSON: json: cannot unmarshal number into Go value of type string"),
  create('{"Cmd":[1]}', "invalid JSON: json: cannot unmarshal array into Go value of type string"),
  create('{"Labels":[]}', "invalid JSON: json: cannot unmarshal array into Go struct field .Labels of type map[string]string"),
  create('{"Labels":{"a":1}}', "invalid JSON: json: cannot unmarshal number into Go struct field .Labels.a of type string"),
  create('{"StopTimeout":1.5}', "invalid JSON: json: cannot unmarshal number 1.5 into Go struct field .StopTimeout of type int"),
  create('{"HostConfig":1}', "invalid JSON: json: cannot unmarshal number into Go struct field .HostConfig of type container.HostConfig"),
  create('{"HostConfig":{"Memory":"x"}}', "invalid JSON: json: cannot unmarshal string into Go struct field .HostConfig.Memory of type int64"),
  create('{"HostConfig":{"BlkioWeight":70000}}', "invalid JSON: json: cannot unmarshal number 70000 into Go struct field .HostConfig.BlkioWeight of type uint16"),
  create('{"HostConfig":{"Mounts":[{"Type":1}]}}', "invalid JSON: json: cannot unmarshal number into Go struct field .HostConfig.Mounts.0.Type of type mount.Type"),
  create('{"HostConfig":{"NetworkMode":1}}', "invalid JSON: json: cannot unmarshal number into Go struct field .HostConfig.NetworkMode of type container.NetworkMode"),
  create('{"Healthcheck":{"Interval":"1s"}}', "invalid JSON: json: cannot unmarshal string into Go struct field .Healthcheck.Interval of type time.Duration"),
  create("null", "config cannot be empty in order to create a container"),
  create("{}", "config cannot be empty in order to create a container"),
  create('{"HostConfig":{},"Unknown":[{}]}', "config cannot be empty in order to create a container"),
  create('{"__proto__":{"Image":"x"}}', "config cannot be empty in order to create a container"),
  { ...create('{"Image":"hako-no-such:1"}', "No such image: hako-no-such:1"), status: 404 },
  { ...create('{"image":"hako-no-such"}', "No such image: hako-no-such:latest"), status: 404 },

  // A session that has nothing to build would wait for its client.
  ...["null", "{}", '{"Image":""}', '{"context":null}'].map((body) => refused("POST", "/hako/build", "a build has a context", { headers: json, body, docker: { status: 404, message: "page not found" } })),
  refused("POST", "/hako/build", 'invalid context ""', { headers: json, body: '{"context":{}}', docker: { status: 404, message: "page not found" } }),

  refused("GET", `/plugins?filters=${filter({ bad: ["x"] })}`, "invalid filter 'bad'"),
  refused("GET", `/plugins?filters=${filter({ enabled: ["x"] })}`, "invalid filter 'enabled=[x]'"),
  unknown("GET", "/plugins/nope/json", 'plugin "nope" not found'),
  unknown("POST", "/plugins/nope/enable?timeout=0", 'plugin "nope" not found'),

  // Unknown objects, ids with slashes.
  unknown("GET", "/containers/nope/json", "No such container: nope"),
  unknown("GET", "/containers/a/b/json", "No such container: a/b"),
  unknown("GET", "/containers/a%2Fb/json", "No such container: a/b"),
  unknown("GET", "/v1.24/containers/nope/json", "No such container: nope"),
  unknown("POST", "/containers/nope/start", "No such container: nope"),
  unknown("POST", "/containers/nope/stop", "No such container: nope"),
  unknown("POST", "/containers/nope/wait", "No such container: nope"),
  unknown("POST", "/containers/nope/kill", "No such container: nope", { docker: { status: 404, message: "cannot kill container: nope: No such container: nope" } }),
  unknown("POST", "/containers/nope/resize?h=1&w=1", "No such container: nope"),
  unknown("GET", "/containers/nope/top", "No such container: nope"),
  unknown("GET", "/containers/nope/logs?stdout=1", "No such container: nope"),
  unknown("GET", "/containers/nope/stats", "No such container: nope"),
  unknown("DELETE", "/containers/nope", "No such container: nope"),
  unknown("POST", "/containers/nope/exec", "No such container: nope", { headers: json, body: '{"Cmd":["a"]}' }),
  unknown("POST", "/exec/nope/start", "No such exec instance: nope", { headers: json, body: "{}" }),
  unknown("GET", "/exec/nope/json", "No such exec instance: nope"),
  unknown("POST", "/exec/nope/resize?h=1&w=1", "No such exec instance: nope"),
  unknown("GET", "/images/hako-no-such/json", "No such image: hako-no-such:latest"),
  unknown("GET", "/images/a/no-such/json", "No such image: a/no-such:latest"),
  unknown("GET", "/images/a%2fno-such/json", "No such image: a/no-such:latest"),
  unknown("GET", "/images/hako-no-such/history", "No such image: hako-no-such:latest"),
  unknown("POST", "/images/hako-no-such/tag?repo=y", "No such image: hako-no-such:latest"),
  unknown("DELETE", "/images/hako-no-such", "No such image: hako-no-such:latest"),
  unknown("GET", "/volumes/hako-no-such", "get hako-no-such: no such volume"),
  unknown("GET", "/networks/hako-no-such", "network hako-no-such not found"),

  // Parameters.
  refused("GET", "/containers/json?filters=x", "invalid filter"),
  refused("GET", `/containers/json?filters=${filter([])}`, "invalid filter"),
  refused("GET", `/containers/json?filters=${filter({ status: "x" })}`, "invalid filter"),
  refused("GET", `/containers/json?filters=${filter({ status: [1] })}`, "invalid filter"),
  refused("GET", `/containers/json?filters=${filter({ x: ["y"] })}`, "invalid filter 'x'"),
  refused("GET", `/images/json?filters=${filter({ x: ["y"] })}`, "invalid filter 'x'"),
  refused("POST", `/containers/prune?filters=${filter({ x: ["y"] })}`, "invalid filter 'x'"),
  refused("GET", "/containers/json?limit=x", 'strconv.Atoi: parsing "x": invalid syntax', { docker: { status: 500 } }),
  refused("POST", "/containers/nope/stop?t=x", 'strconv.Atoi: parsing "x": invalid syntax', { docker: { status: 500 } }),
  refused("GET", "/containers/json?all=%zz", 'invalid URL escape "%zz"'),
  refused("GET", "/containers/json?a;b", "invalid semicolon separator in query"),
  refused("POST", "/containers/nope/resize", 'invalid resize height "": invalid syntax'),
  refused("POST", "/containers/nope/resize?h=a&w=1", 'invalid resize height "a": invalid syntax'),
  refused("POST", "/exec/nope/resize?h=1", 'invalid resize width "": invalid syntax'),
  refused("POST", "/containers/nope/wait?condition=foo", 'invalid condition: "foo"'),
  refused("GET", "/containers/nope/logs", "Bad parameters: you must choose at least one stream"),
  refused("POST", "/containers/nope/rename", "Neither old nor new names may be empty"),
  refused("POST", "/containers/nope/exec", "No exec command specified"),
  refused("POST", "/exec/nope/start", "invalid JSON: json: cannot unmarshal number into Go struct field ExecStartOptions.Tty of type bool", { headers: json, body: '{"Tty":1}' }),
  refused("GET", "/events?since=5&until=1", "`since` time (5) cannot be after `until` time (1)"),
  refused("GET", `/events?filters=x`, "invalid filter"),
  refused("GET", "/system/df?type=x", "unknown object type: x"),
  refused("POST", "/images/create?fromImage=A", "invalid reference format: repository name (library/A) must be lowercase"),
  refused("POST", "/images/create?fromSrc=-&repo=A", "invalid reference format: repository name (library/A) must be lowercase"),

  // A swarm there is not.
  { method: "GET", target: "/swarm", status: 503, message: NOT_MANAGER },
  { method: "GET", target: "/nodes", status: 503, message: NOT_MANAGER },
  { method: "GET", target: "/services", status: 503, message: NOT_MANAGER },
  { method: "POST", target: "/swarm/leave", status: 503, message: "This node is not part of a swarm" },
];

const CREATED_HEADERS = ["api-version", "docker-experimental", "ostype", "server", "content-type"];

/** Runs the contract against one engine. */
export function describeContract(subject: Subject): void {
  describe(`contract: ${subject.name}`, () => {
    describe("bad input", () => {
      for (const each of BAD_INPUT) {
        const body = each.body === undefined ? "" : ` ${JSON.stringify(each.body.slice(0, 60))}`;
        test(`${each.method} ${each.target}${body}`, async () => expectRefusal(subject, each));
      }
    });

    test("/_ping answers GET and HEAD with its headers", async () => {
      for (const method of ["GET", "HEAD"]) {
        const answer = await call(subject.socket(), { method, target: "/_ping" });
        expect(answer.status).toBe(200);
        expect(answer.text).toBe(method === "GET" ? "OK" : "");
        expect(answer.headers.get("api-version")).toBe("1.51");
        expect(answer.headers.get("ostype")).toBe("linux");
        expect(answer.headers.get("docker-experimental")).toBe("false");
        expect(answer.headers.get("swarm")).toBe("inactive");
        expect(answer.headers.get("cache-control")).toBe("no-cache, no-store, must-revalidate");
        expect(answer.headers.get("pragma")).toBe("no-cache");
        expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
      }
    });

    test("/version is the same at every version of the API", async () => {
      for (const prefix of ["", "/v1.24", "/v1.43", "/v1.51"]) {
        const answer = await call(subject.socket(), { method: "GET", target: `${prefix}/version` });
        expect(answer.status).toBe(200);
        expect(CREATED_HEADERS.filter((name) => !answer.headers.has(name))).toEqual([]);
        expect(JSON.parse(answer.text)).toMatchObject({ ApiVersion: "1.51", MinAPIVersion: "1.24", Os: "linux" });
      }
    });

    test("a body ends with a line feed and its length is said", async () => {
      const answer = await call(subject.socket(), { method: "GET", target: "/v1.51/version" });
      expect(answer.text.endsWith("}\n")).toBe(true);
      expect(Number(answer.headers.get("content-length"))).toBe(Buffer.byteLength(answer.text));
    });

    test("/containers/json takes booleans and filters in all of their forms", async () => {
      for (const query of ["", "?all=1", "?all=True", "?all=no", "?all=none&size=false", `?filters=${filter({ status: { exited: true } })}`, "?filters=null", "?limit=-1", "?nonsense=1"]) {
        const answer = await call(subject.socket(), { method: "GET", target: `/containers/json${query}` });
        expect(answer.status).toBe(200);
        expect(JSON.parse(answer.text)).toBeArray();
      }
    });

    test("images have a VirtualSize only before version 1.44", async () => {
      const sizes = async (version: string): Promise<boolean[]> => {
        const answer = await call(subject.socket(), { method: "GET", target: `/v${version}/images/json` });
        // Docker leaves it out of an image of nothing.
        return (JSON.parse(answer.text) as { Size: number }[]).filter(({ Size }) => Size > 0).map((image) => "VirtualSize" in image);
      };
      expect((await sizes("1.43")).every((present) => present)).toBe(true);
      expect((await sizes("1.44")).some((present) => present)).toBe(false);
    });

    test("a header of 100 KB is taken", async () => {
      const answer = await call(subject.socket(), { method: "GET", target: "/_ping", headers: { "X-Registry-Auth": "a".repeat(100_000) } });
      expect(answer.status).toBe(200);
    });

    test("an offer of h2c is ignored", async () => {
      const answer = await call(subject.socket(), { method: "GET", target: "/v1.51/version", headers: { Connection: "Upgrade, HTTP2-Settings, close", Upgrade: "h2c", "HTTP2-Settings": "AAMAAABk" } });
      expect(answer.status).toBe(200);
    });

    test("a path with empty segments is redirected", async () => {
      const answer = await call(subject.socket(), { method: "GET", target: "/containers//json?all=1" });
      expect(answer.status).toBe(301);
      expect(answer.headers.get("location")).toBe("/containers/json?all=1");
    });

    test("an unknown name cannot be attached to", async () => {
      const answer = await call(subject.socket(), { method: "POST", target: "/containers/nope/attach?stream=1&stdout=1", headers: { Connection: "Upgrade", Upgrade: "tcp" } });
      expect(answer.status).toBe(404);
      expect(answer.text).toContain("No such container: nope");
    });

    test("no malformed request gets a 5xx", async () => {
      if (subject.kind === "docker") return;
      for (const each of BAD_INPUT) {
        const answer = await ask(subject, each);
        if (each.status !== 503) expect([each.target, answer.status < 500]).toEqual([each.target, true]);
      }
    });
  });
}

function ask(subject: Subject, { method, target, headers = {}, body }: BadInput): Promise<Answer> {
  return call(subject.socket(), { method, target, headers, ...(body !== undefined && { body }) });
}

async function expectRefusal(subject: Subject, each: BadInput): Promise<void> {
  const answer = await ask(subject, each);
  if (subject.kind === "docker" && each.docker) {
    expect(answer.status).toBe(each.docker.status);
    if (each.docker.message !== undefined) expect(messageOf(answer)).toBe(each.docker.message);
    return;
  }
  expect([answer.status, messageOf(answer)]).toEqual([each.status, each.message]);
}

