/** Logging in and out of a registry, where credentials are kept, searching: hako and the real docker client against the engine. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { DOCKER, Live, run, startEngine, type Result, type TestEngine } from "../harness.ts";

let engine: TestEngine;
let server: Live;
let registry = "";
let folder = "";
const config = (): string => readFileSync(join(folder, "config.json"), "utf8");

const PLAIN_WARNING = (): string => `\nWARNING! Your credentials are stored unencrypted in '${folder}/config.json'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n`;
const KEPT = () => ({ auths: { [registry]: { auth: Buffer.from("anna:geheim").toString("base64") } } });

beforeAll(async () => {
  engine = await startEngine({ busybox: false, env: { HTTP_PROXY: "http://proxy.example:3128", no_proxy: "internal.example" } });
  server = Live.spawn(["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", process.execPath, join(import.meta.dir, "../registry/password-registry.ts")]);
  registry = /listening on (\S+)\.\n/.exec(await server.until(/listening on \S+\.\n/))?.[1] ?? "";
});
afterAll(async () => {
  server.signal("SIGKILL");
  await server.exited;
  await engine[Symbol.asyncDispose]();
});
beforeEach(() => {
  if (folder !== "") rmSync(folder, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "hk-login-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The same command line of hako's, or of the real docker client's. */
function client(program: "hako" | "docker", args: readonly string[], stdin?: string): Promise<Result> {
  const command = program === "hako" ? engine.command(...args) : [DOCKER ?? "docker", "-H", engine.host, ...args];
  return run(command, { env: { DOCKER_CONFIG: folder, PATH: `${folder}:${process.env["PATH"]}` }, ...(stdin !== undefined && { stdin }) });
}

/** A credential helper that keeps one secret in a file, and says so when there is none. */
function installHelper(name = "test"): void {
  const path = join(folder, `docker-credential-${name}`);
  writeFileSync(path, `#!/bin/sh\ncd ${folder}\necho "$1" >> calls\ncase $1 in\nstore) cat > secret ;;\nget) if [ -e secret ]; then cat secret; else echo "credentials not found in native keychain"; exit 1; fi ;;\nerase) cat > /dev/null; rm -f secret ;;\nesac\n[ ! -e broken ] || { echo "it is locked"; exit 1; }\n`);
  chmodSync(path, 0o755);
  if (name === "test") writeFileSync(join(folder, "config.json"), JSON.stringify({ credsStore: "test" }));
}

for (const program of ["hako", "docker"] as const) {
  const available = program === "hako" || DOCKER !== null;

  test.skipIf(!available)(`${program}: a password is checked and kept where only its owner reads it`, async () => {
    expect(await client(program, ["login", "-u", "anna", "--password-stdin", registry], "geheim\n")).toEqual({ code: 0, stdout: "Login Succeeded\n", stderr: PLAIN_WARNING() });
    expect(JSON.parse(config())).toEqual(KEPT());
    expect(statSync(join(folder, "config.json")).mode & 0o777).toBe(0o600);
    const again = await client(program, ["login", registry]);
    expect(again.stderr).toContain("Authenticating with existing credentials... [Username: anna]\n");
    expect(again.stdout).toBe("Login Succeeded\n");
    expect(await client(program, ["logout", registry])).toEqual({ code: 0, stdout: `Removing login credentials for ${registry}\n`, stderr: "" });
    expect(JSON.parse(config())).toEqual({ auths: {} });
  });

  test.skipIf(!available)(`${program}: a wrong password is refused and kept nowhere`, async () => {
    const { code, stdout, stderr } = await client(program, ["login", "-u", "anna", "-p", "wrong", registry]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(`WARNING! Using --password via the CLI is insecure. Use --password-stdin.\nError response from daemon: login attempt to http://${registry}/v2/ failed with status: 401 Unauthorized\n`);
    expect(existsSync(join(folder, "config.json"))).toBe(false);
  });

  test.skipIf(!available)(`${program}: a helper keeps the secret, and the file does not`, async () => {
    installHelper();
    expect(await client(program, ["login", "-u", "anna", "--password-stdin", registry], "geheim")).toEqual({ code: 0, stdout: "Login Succeeded\n", stderr: "" });
    expect(JSON.parse(readFileSync(join(folder, "secret"), "utf8"))).toEqual({ ServerURL: registry, Username: "anna", Secret: "geheim" });
    expect(JSON.parse(config())).toEqual({ auths: { [registry]: {} }, credsStore: "test" });
    expect((await client(program, ["login", registry])).stdout).toEndWith("Login Succeeded\n");
    expect((await client(program, ["logout", registry])).code).toBe(0);
    expect(existsSync(join(folder, "secret"))).toBe(false);
    expect(JSON.parse(config())).toEqual({ auths: {}, credsStore: "test" });
  });

  test.skipIf(!available)(`${program}: the machine's own helper is taken where nothing is kept yet`, async () => {
    const name = Bun.which("pass") ? "pass" : "secretservice";
    installHelper(name);
    expect(await client(program, ["login", "-u", "anna", "--password-stdin", registry], "geheim")).toEqual({ code: 0, stdout: "Login Succeeded\n", stderr: "" });
    expect(JSON.parse(readFileSync(join(folder, "secret"), "utf8"))).toMatchObject({ Secret: "geheim" });
    expect(JSON.parse(config())).toEqual({ auths: { [registry]: {} }, credsStore: name });
  });

  test.skipIf(!available)(`${program}: a helper that fails, or is not there, is told of`, async () => {
    installHelper();
    writeFileSync(join(folder, "broken"), "");
    const locked = await client(program, ["login", "-u", "anna", "--password-stdin", registry], "geheim");
    expect(locked).toEqual({ code: 1, stdout: "", stderr: "Error saving credentials: error storing credentials - err: exit status 1, out: `it is locked`\n" });
    writeFileSync(join(folder, "config.json"), JSON.stringify({ credHelpers: { [registry]: "nowhere" } }));
    const missing = await client(program, ["login", "-u", "anna", "--password-stdin", registry], "geheim");
    expect(missing.stderr).toBe('Error saving credentials: error storing credentials - err: exec: "docker-credential-nowhere": executable file not found in $PATH, out: ``\n');
  });

  test.skipIf(!available)(`${program}: contradictions and missing words are refused`, async () => {
    const refused = async (...args: string[]): Promise<string> => (await client(program, ["login", ...args], "geheim")).stderr;
    expect(await refused("-u", "anna", "-p", "a", "--password-stdin", registry)).toContain("conflicting options: cannot specify both --password and --password-stdin\n");
    expect(await refused("--password-stdin", registry)).toBe("the --password-stdin option requires --username to be set\n");
    expect(await refused("-u", "anna", registry)).toBe("Error: Cannot perform an interactive login from a non TTY device\n");
  });

  test.skipIf(!available)(`${program}: search shows what the registry finds`, async () => {
    const { code, stdout } = await client(program, ["search", `${registry}/web`]);
    expect(code).toBe(0);
    expect(stdout.split("\n").map((line) => line.replace(/ +/g, " ").trim())).toEqual([
      "NAME DESCRIPTION STARS OFFICIAL",
      "team/web A description that is so long that a table h… 12 [OK]",
      expect.stringMatching(/^team\/other short .\[31mred 0$/),
      "",
    ]);
    const names = async (...args: string[]): Promise<string> => (await client(program, ["search", "--format", "{{.Name}} {{.StarCount}}", ...args, `${registry}/web`])).stdout;
    expect(await names("--filter", "stars=3")).toBe("team/web 12\n");
    expect(await names("--filter", "is-official=false")).toBe("team/other 0\n");
    expect(await names("--limit", "1")).toBe("team/web 12\n");
    expect((await client(program, ["search", "--format", "{{json .}}", "--limit", "1", "--no-trunc", `${registry}/web`])).stdout).toBe('{"Description":"A description that is so long that a table has no room for all of it","IsOfficial":"true","Name":"team/web","StarCount":"12"}\n');
    expect((await client(program, ["search", "--limit", "101", `${registry}/web`])).stderr).toBe("Error response from daemon: limit 101 is outside the range of [1, 100]\n");
    expect((await client(program, ["search", "--filter", "stars=x", `${registry}/web`])).stderr).toBe("Error response from daemon: invalid filter 'stars=x': strconv.Atoi: parsing \"x\": invalid syntax\n");
    expect((await client(program, ["search", "--filter", "bad=x", `${registry}/web`])).stderr).toBe("Error response from daemon: invalid filter 'bad'\n");
  });
}

test("a terminal is asked for name and password, and does not show the latter", async () => {
  mkdirSync(folder, { recursive: true });
  using terminal = Live.terminal(["env", `DOCKER_CONFIG=${folder}`, ...engine.command("login", registry)]);
  await terminal.until("Username: ");
  terminal.write("anna\r");
  await terminal.until("Password: ");
  terminal.write("geheim\r");
  await terminal.until("Login Succeeded");
  expect(await terminal.exitCode()).toBe(0);
  expect(terminal.output).not.toContain("geheim");
  expect(JSON.parse(config())).toEqual(KEPT());
});

test("credentials that no longer hold are asked for anew, with the old name to take", async () => {
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [`https://${registry}/v1/`]: { auth: Buffer.from("anna:old").toString("base64") } } }));
  const { code, stderr } = await client("hako", ["login", registry]);
  expect(code).toBe(1);
  expect(stderr).toEndWith(`Login did not succeed, error: Error response from daemon: login attempt to http://${registry}/v2/ failed with status: 401 Unauthorized\nError: Cannot perform an interactive login from a non TTY device\n`);
  using terminal = Live.terminal(["env", `DOCKER_CONFIG=${folder}`, ...engine.command("login", registry)]);
  await terminal.until("Username (anna): ");
  terminal.write("\r");
  await terminal.until("Password: ");
  terminal.write("geheim\r");
  await terminal.until("Login Succeeded");
  expect(await terminal.exitCode()).toBe(0);
});

test("the terminal shows again what is typed when the question is broken off", async () => {
  using terminal = Live.terminal(["sh", "-c", `trap : INT; DOCKER_CONFIG=${folder} ${engine.command("login", "-u", "anna", registry).join(" ")}; echo "code $?"; stty -a`]);
  await terminal.until("Password: ");
  terminal.write("\x03");
  expect(await terminal.until(/code \d+[\s\S]* -?echo\b[\s\S]*\n/)).toMatch(/code 130[\s\S]* echo\b/);
});

test("what a name stands for in its registry, with the request's credentials", async () => {
  const header = (credentials: object) => ({ "X-Registry-Auth": Buffer.from(JSON.stringify(credentials)).toString("base64url") });
  const inspect = async (name: string, headers: Record<string, string>) => {
    const response = await engine.api("GET", `/distribution/${registry}/team/web:${name}/json`, undefined, headers);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const known = header({ username: "anna", password: "geheim" });
  expect(await inspect("one", known)).toMatchObject({ status: 200, body: { Descriptor: { mediaType: "application/vnd.oci.image.manifest.v1+json" }, Platforms: [{ architecture: "amd64", os: "linux" }] } });
  expect(await inspect("two", known)).toEqual({ status: 404, body: { message: "manifest unknown: manifest unknown" } });
  expect((await inspect("one", header({ username: "anna", password: "x" }))).body).toEqual({ message: "unauthorized: authentication required" });
  for (const headers of [{}, { "X-Registry-Auth": "!!!" }, { "X-Registry-Auth": "bnVsbA" }]) expect((await inspect("one", headers)).body["message"]).toMatch(/: no basic auth credentials$/);
});

test("what the settings say nothing of, the engine's environment does", async () => {
  const info = JSON.parse(await engine.ok("info", "--format", "json")) as Record<string, unknown>;
  expect(info).toMatchObject({ HttpProxy: "http://proxy.example:3128", HttpsProxy: "", NoProxy: "internal.example" });
});
