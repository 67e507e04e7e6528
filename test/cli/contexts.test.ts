/** Contexts on the disk, as docker keeps them: each program reads what the other has written. */
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DOCKER, run, type Result } from "../harness.ts";

const HAKO = join(import.meta.dir, "..", "..", "build", "hako");
const root = mkdtempSync("/tmp/hk-contexts-");
let config = "";
let made = 0;
beforeEach(() => {
  config = join(root, String(made++));
});
afterAll(() => rmSync(root, { recursive: true }));

const hakoWith = (env: Record<string, string>, ...args: string[]): Promise<Result> => run([HAKO, "--config", config, ...args], { env });
const hako = (...args: string[]): Promise<Result> => hakoWith({}, ...args);

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await hako(...args);
  if (code !== 0) throw new Error(`hako ${args.join(" ")}: ${code}\n${stderr}`);
  return stdout.trimEnd();
}

const PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

test("a context is made, listed, used, changed and removed", async () => {
  expect(await hako("context", "create", "remote", "--description", "far away", "--docker", "host=tcp://192.0.2.1:2376")).toEqual({ code: 0, stdout: "remote\n", stderr: 'Successfully created context "remote"\n' });
  expect(await hako("context", "use", "remote")).toEqual({ code: 0, stdout: "remote\n", stderr: 'Current context is now "remote"\n' });
  expect(await ok("context", "show")).toBe("remote");
  expect(await ok("context", "ls", "--format", "{{.Name}}|{{.Current}}|{{.Description}}|{{.DockerEndpoint}}")).toBe(
    "default|false|Current DOCKER_HOST based configuration|unix:///run/hako/hako.sock\nremote|true|far away|tcp://192.0.2.1:2376",
  );
  await ok("context", "update", "remote", "--docker", "host=unix:///nowhere");
  expect(await ok("context", "inspect", "-f", "{{.Endpoints.docker.Host}} {{.Metadata.Description}}", "remote")).toBe("unix:///nowhere far away");
  expect((await hako("ps")).stderr).toStartWith("Cannot connect to the hako engine at unix:///nowhere.");
  expect(await hako("context", "rm", "remote")).toEqual({ code: 1, stdout: "", stderr: 'context "remote" is in use, set -f flag to force remove\n' });
  await ok("context", "rm", "-f", "remote");
  expect(await ok("context", "show")).toBe("default");
  expect(JSON.parse(readFileSync(join(config, "config.json"), "utf8"))).toEqual({ auths: {} });
});

test("what else stands in the configuration file stays", async () => {
  await ok("context", "create", "some", "--docker", "host=unix:///x");
  writeFileSync(join(config, "config.json"), '{"auths":{"r":{"auth":"eA=="}},"plugins":{"a":{}},"psFormat":"{{.ID}}"}');
  await ok("context", "use", "some");
  expect(JSON.parse(readFileSync(join(config, "config.json"), "utf8"))).toEqual({ auths: { r: { auth: "eA==" } }, plugins: { a: {} }, psFormat: "{{.ID}}", currentContext: "some" });
  writeFileSync(join(config, "config.json"), "{broken");
  expect((await hako("context", "use", "some")).code).toBe(1);
  expect(readFileSync(join(config, "config.json"), "utf8")).toBe("{broken");
});

describe("which engine is asked", () => {
  const engineOf = async (env: Record<string, string>, ...args: string[]) => /at (\S+)\. Is it/.exec((await hakoWith(env, ...args, "ps")).stderr)?.[1];

  test("flags, then HAKO_HOST, DOCKER_HOST, DOCKER_CONTEXT, then the context in use", async () => {
    await ok("context", "create", "one", "--docker", "host=unix:///nowhere/one");
    await ok("context", "create", "two", "--docker", "host=unix:///nowhere/two");
    await ok("context", "use", "one");
    const environment = { HAKO_HOST: "unix:///nowhere/hako", DOCKER_HOST: "unix:///nowhere/docker", DOCKER_CONTEXT: "two" };
    expect(await engineOf({})).toBe("unix:///nowhere/one");
    expect(await engineOf({ DOCKER_CONTEXT: "two" })).toBe("unix:///nowhere/two");
    expect(await engineOf({ DOCKER_CONTEXT: "two", DOCKER_HOST: "unix:///nowhere/docker" })).toBe("unix:///nowhere/docker");
    expect(await engineOf(environment)).toBe("unix:///nowhere/hako");
    expect(await engineOf(environment, "-c", "two")).toBe("unix:///nowhere/two");
    expect(await engineOf(environment, "-H", "unix:///nowhere/flag")).toBe("unix:///nowhere/flag");
  });

  test("contradictions and wrong addresses are refused in docker's words", async () => {
    expect((await hako("-H", "unix:///x", "-c", "y", "ps")).stderr).toBe("conflicting options: cannot specify both --host and --context\n");
    expect((await hako("-H", "foo://x", "ps")).stderr).toBe("Failed to initialize: unable to resolve docker endpoint: invalid bind address format: foo://x\n");
    expect((await hako("-c", "none", "ps")).stderr).toMatch(/^Failed to initialize: unable to resolve docker endpoint: context "none": context not found: open .*\/meta\.json: no such file or directory\n$/);
    expect(await hako("-H", "unix:///a", "-H", "unix:///b", "ps")).toMatchObject({ code: 125, stderr: expect.stringContaining('invalid argument "unix:///b" for "-H, --host" flag: specify only one -H\n') });
  });
});

describe("context create", () => {
  const refusal = async (...args: string[]) => (await hako("context", "create", ...args)).stderr;

  test("refuses names and endpoints that cannot be", async () => {
    expect(await refusal("default")).toBe('"default" is a reserved context name\n');
    expect(await refusal("a")).toBe('context name "a" is invalid, names are validated against regexp "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$"\n');
    expect(await refusal("abc", "--docker", "foo=bar")).toBe("unable to create docker endpoint config: unrecognized config key: foo\n");
    expect(await refusal("abc", "--docker", "host=tcp://h,ca=/nope")).toBe("unable to create docker endpoint config: open /nope: no such file or directory\n");
    expect(await refusal("abc", "--docker", "host=tcp://h,skip-tls-verify=x")).toBe('unable to create docker endpoint config: skip-tls-verify: parsing "x": invalid syntax\n');
    expect(await refusal("abc", "--from", "default", "--docker", "host=x")).toBe("cannot use --docker flag when --from is set\n");
    expect(existsSync(join(config, "contexts"))).toBe(false);
  });

  test("keeps keys from other people's eyes, and hands them on with --from", async () => {
    await Bun.write(join(root, "ca.pem"), PEM);
    await ok("context", "create", "tls", "--docker", `host=tcp://h:1,ca=${root}/ca.pem`);
    await ok("context", "create", "copy", "--from", "tls", "--description", "a copy");
    const { TLSMaterial, Storage, Metadata } = JSON.parse(await ok("context", "inspect", "copy"))[0];
    expect({ TLSMaterial, Metadata }).toEqual({ TLSMaterial: { docker: ["ca.pem"] }, Metadata: { Description: "a copy" } });
    expect(readFileSync(join(Storage.TLSPath, "docker", "ca.pem"), "utf8")).toBe(PEM);
    expect((await Bun.file(join(Storage.TLSPath, "docker", "ca.pem")).stat()).mode & 0o777).toBe(0o600);
  });
});

describe("context export and import", () => {
  test("carry a context over", async () => {
    await Bun.write(join(root, "ca.pem"), PEM);
    await ok("context", "create", "from", "--docker", `host=tcp://h:1,ca=${root}/ca.pem`);
    const archive = join(root, "exported");
    expect((await hako("context", "export", "from", archive)).stderr).toBe(`Written file ${JSON.stringify(archive)}\n`);
    expect((await hako("context", "export", "from", archive)).stderr).toBe(`open ${archive}: file exists\n`);
    expect((await hako("context", "import", "into", archive)).stderr).toBe('Successfully imported context "into"\n');
    expect(await ok("context", "inspect", "-f", "{{.Endpoints.docker.Host}} {{.TLSMaterial.docker}}", "into")).toBe("tcp://h:1 [ca.pem]");
  });

  test("take nothing but a context's files from an archive", async () => {
    const bad = join(root, "bad.tar");
    for (const [names, sentence] of [
      [["meta.json", "evil"], "evil: unexpected context file\n"],
      [["tls/../../evil"], "tls/../../evil: unexpected context file\n"],
      [["/etc/evil"], "/etc/evil: unexpected context file\n"],
      [[], "invalid context: no metadata found\n"],
    ] as const) {
      const { encodeTar } = await import("../../src/archive/mod.ts");
      await Bun.write(bad, encodeTar(names.map((name) => ({ kind: "file", name, mode: 0o644, content: '{"Name":"x"}' }))));
      expect({ names, ...(await hako("context", "import", "bad", bad)) }).toEqual({ names, code: 1, stdout: "", stderr: sentence });
    }
    const { encodeTar } = await import("../../src/archive/mod.ts");
    const { unpackContext } = await import("../../src/cli/contexts/archive.ts");
    const odd = encodeTar([{ kind: "file", name: "meta.json", mode: 0o644, content: "{}" }, { kind: "file", name: "tls/__proto__/polluted", mode: 0o644, content: "yes" }]);
    const { tls } = await unpackContext((async function* () { yield odd; })());
    expect({ endpoints: Object.keys(tls), polluted: ({} as Record<string, unknown>)["polluted"] }).toEqual({ endpoints: ["__proto__"], polluted: undefined });
    await Bun.write(bad, "this is no archive");
    expect((await hako("context", "import", "bad", bad)).stderr).toBe("unexpected EOF\n");
    expect(await ok("context", "ls", "-q")).toBe("default");
  });
});

/** The real client, where the machine has one, on the same folder. */
describe.skipIf(!DOCKER)("docker and hako share contexts", () => {
  const docker = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run([DOCKER ?? "docker", "--config", config, ...args]);
    if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${stderr}`);
    return stdout.trimEnd();
  };

  test("docker reads ours", async () => {
    await ok("context", "create", "ours", "--description", "made by hako", "--docker", "host=tcp://192.0.2.1:2376,skip-tls-verify=1");
    await ok("context", "use", "ours");
    expect(await docker("context", "show")).toBe("ours");
    expect(JSON.parse(await docker("context", "inspect", "ours"))).toEqual(JSON.parse(await ok("context", "inspect", "ours")));
    const archive = join(root, "ours.tar");
    await ok("context", "export", "ours", archive);
    await docker("context", "import", "again", archive);
    expect(await docker("context", "inspect", "-f", "{{.Endpoints.docker.Host}}", "again")).toBe("tcp://192.0.2.1:2376");
  });

  test("we read docker's", async () => {
    await docker("context", "create", "theirs", "--description", "made by docker", "--docker", "host=ssh://me@192.0.2.1");
    await docker("context", "use", "theirs");
    expect(await ok("context", "show")).toBe("theirs");
    expect(await ok("context", "inspect", "theirs")).toBe(await docker("context", "inspect", "theirs"));
    const archive = join(root, "theirs.tar");
    await docker("context", "export", "theirs", archive);
    await ok("context", "import", "again", archive);
    expect(await ok("context", "inspect", "-f", "{{.Endpoints.docker.Host}}", "again")).toBe("ssh://me@192.0.2.1");
  });
});
