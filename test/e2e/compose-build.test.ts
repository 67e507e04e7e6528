/** `compose build`, and builds at an engine that is none of ours: Docker's where DOCKER_PEER names one, else ours with that route shut. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxTar } from "../images.ts";
import { BUSYBOX, HAKO, run, startEngine, type Result, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

setDefaultTimeout(120_000);

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
  folder = scratchFolder();
  mkdirSync(join(folder, "app"));
  writeFileSync(join(folder, "app/Dockerfile"), `FROM ${BUSYBOX}\nARG V=none\nRUN echo "app $V" >/app\nCMD ["cat", "/app"]\n`);
  writeFileSync(join(folder, "compose.yaml"), `
name: building
services:
  web: { build: { context: app, args: { V: file } }, depends_on: [db, made], image: "web:own" }
  db: { image: ${BUSYBOX} }
  made: { build: app }
  top: { build: { additional_contexts: { below: "service:made" }, dockerfile_inline: "FROM below\\nRUN echo top >>/app" } }
`);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine[Symbol.asyncDispose]();
});

const compose = (...args: string[]): Promise<Result> => engine.hako("compose", "-f", join(folder, "compose.yaml"), ...args);
const isThere = async (image: string): Promise<boolean> => (await engine.hako("image", "inspect", image)).code === 0;

describe("compose build", () => {
  test("builds a service, and not what it depends on", async () => {
    const { code, stderr } = await compose("build", "web");
    expect(stderr.slice(-1000) + code).toEndWith("0");
    expect(await engine.ok("run", "--rm", "--network", "none", "web:own")).toBe("app file");
    expect(await isThere("building-made")).toBe(false);
  });

  test("the image's labels say whose it is", async () => {
    expect(JSON.parse(await engine.ok("image", "inspect", "--format", "{{json .Config.Labels}}", "web:own"))).toMatchObject({ "com.docker.compose.project": "building", "com.docker.compose.service": "web", "com.docker.compose.version": expect.stringMatching(/^2\./) });
  });

  test("--with-dependencies builds these too, --build-arg is for all of them", async () => {
    expect((await compose("build", "-q", "--with-dependencies", "--build-arg", "V=line", "web")).code).toBe(0);
    expect([await engine.ok("run", "--rm", "--network", "none", "web:own"), await engine.ok("run", "--rm", "--network", "none", "building-made")]).toEqual(["app line", "app line"]);
  });

  test("everything, with what builds on another service", async () => {
    const { code } = await compose("build", "--quiet");
    expect(code).toBe(0);
    expect(await engine.ok("run", "--rm", "--network", "none", "building-top")).toBe("app none\ntop");
  });

  test("--print is a definition that bake takes", async () => {
    const { stdout } = await compose("build", "--print", "top");
    expect(JSON.parse(stdout)).toMatchObject({ group: { default: { targets: ["top"] } }, target: { made: { tags: ["building-made"] }, top: { contexts: { below: "target:made" }, "dockerfile-inline": "FROM below\nRUN echo top >>/app", output: [{ type: "docker" }] } } });
    writeFileSync(join(folder, "printed.json"), stdout);
    expect((await engine.hakoWith({ cwd: folder }, "buildx", "bake", "-f", "printed.json")).code).toBe(0);
  });

  test("--check builds nothing and says what is odd", async () => {
    writeFileSync(join(folder, "odd.yaml"), `name: odd\nservices: { a: { build: { dockerfile_inline: "from ${BUSYBOX}\\nRUN true" } } }`);
    const { code, stdout } = await engine.hako("compose", "-f", join(folder, "odd.yaml"), "build", "--check");
    expect(stdout).toContain("ConsistentInstructionCasing");
    expect(code).toBe(1);
    expect(await isThere("odd-a")).toBe(false);
  });

  test("a service that there is not, and one that has nothing to build", async () => {
    expect(await compose("build", "nosuch")).toMatchObject({ code: 1, stderr: expect.stringContaining("no such service: nosuch") });
    expect(await compose("build", "db")).toMatchObject({ code: 0, stderr: expect.stringContaining("No services to build") });
  });

  test("down --rmi local removes what has no name of its own", async () => {
    expect((await compose("down", "--rmi", "local")).code).toBe(0);
    expect([await isThere("building-made"), await isThere("building-top"), await isThere("web:own")]).toEqual([false, false, true]);
  });
});

/** A client's way to the engine on which it seems to be Docker's: there is no route of ours for builds. */
function shutRoute(socket: string): { host: string; close(): void } {
  const path = join(folder, "other.sock");
  const server = Bun.serve({
    unix: path,
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url);
      if (pathname.includes("/hako/")) return Response.json({ message: "page not found" }, { status: 404 });
      const body = request.method === "GET" ? null : await request.bytes();
      return await fetch(`http://localhost${pathname}${search}`, { unix: socket, method: request.method, headers: request.headers, body } as RequestInit & { unix: string });
    },
  });
  return { host: `unix://${path}`, close: () => void server.stop(true) };
}

const PEER = process.env["DOCKER_PEER"];

describe.each([["an engine that has no route of ours", undefined], ...(PEER ? [["Docker", PEER] as const] : [])])("a build on %s", (_, peer) => {
  const image = `hako-classic-${crypto.randomUUID().slice(0, 8)}`;
  let builder = peer ?? "";
  let close: (() => void) | undefined;
  const hako = (...args: string[]): Promise<Result> => run([HAKO, "-H", peer ?? engine.host, ...args]);
  beforeAll(async () => {
    if (!peer) ({ host: builder, close } = shutRoute(engine.socket));
    await hako("import", await busyboxTar(), `${image}:base`);
    const context = join(folder, "context");
    rmSync(context, { recursive: true, force: true });
    mkdirSync(join(context, "sub"), { recursive: true });
    writeFileSync(join(context, "Dockerfile"), `FROM ${image}:base\nARG V=none\nCOPY . /all/\nRUN echo "$V" >/all/v\nLABEL l=1\nCMD ["sh", "-c", "cd /all; find . -type f -o -type l | sort; cat v"]\n`);
    writeFileSync(join(context, ".dockerignore"), "left-out\n");
    for (const name of ["kept", "left-out", "sub/ä"]) writeFileSync(join(context, name), name);
    symlinkSync("kept", join(context, "link"));
  });
  afterAll(async () => {
    await hako("rmi", "-f", `${image}:base`, `${image}:made`);
    close?.();
  });
  const build = (...args: string[]): Promise<Result> => run([HAKO, "-H", builder, "build", "-t", `${image}:made`, "--progress=plain", ...args, join(folder, "context")]);

  test("takes the context as .dockerignore leaves it, with arguments and labels", async () => {
    const { code, stderr } = await build("--build-arg", "V=5", "--label", "m=2", "--iidfile", join(folder, "iid"));
    expect(stderr.slice(-1000) + code).toEndWith("0");
    expect(stderr).toMatch(/\[\d\/\d\] RUN echo/i);
    expect((await hako("run", "--rm", "--network", "none", `${image}:made`)).stdout).toBe("./.dockerignore\n./Dockerfile\n./kept\n./link\n./sub/ä\n./v\n5\n");
    expect(JSON.parse((await hako("image", "inspect", "--format", "{{json .Config.Labels}}", `${image}:made`)).stdout)).toEqual({ l: "1", m: "2" });
    expect(await Bun.file(join(folder, "iid")).text()).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test("a Dockerfile from elsewhere, and one on standard input", async () => {
    writeFileSync(join(folder, "elsewhere.Dockerfile"), `FROM ${image}:base\nCOPY kept /\nCMD ["cat", "/kept"]\n`);
    expect((await build("-f", join(folder, "elsewhere.Dockerfile"))).code).toBe(0);
    expect((await hako("run", "--rm", "--network", "none", `${image}:made`)).stdout).toBe("kept");
    expect((await run([HAKO, "-H", builder, "build", "-q", "-t", `${image}:made`, "-"], { stdin: `FROM ${image}:base\nCMD ["echo", "in"]\n` })).code).toBe(0);
    expect((await hako("run", "--rm", "--network", "none", `${image}:made`)).stdout).toBe("in\n");
  });

  test("what fails says why", async () => {
    writeFileSync(join(folder, "fails.Dockerfile"), `FROM ${image}:base\nRUN echo because; exit 3\n`);
    const { code, stderr } = await build("-f", join(folder, "fails.Dockerfile"));
    expect(code).toBe(1);
    expect(stderr).toContain("because");
    expect(stderr).toMatch(/ERROR: failed to build: .*(?:non-zero code: 3|exit code: 3)/);
  });

  test("what that builder cannot do is said before", async () => {
    const { code, stderr } = await build("--output", `type=tar,dest=${join(folder, "out.tar")}`);
    expect(code).toBe(1);
    expect(stderr).toContain("an output of type tar needs BuildKit");
  });

  test.skipIf(!peer)("a Dockerfile that needs BuildKit is told as such", async () => {
    writeFileSync(join(folder, "newer.Dockerfile"), `FROM ${image}:base\nRUN --mount=type=tmpfs,target=/t true\n`);
    expect((await build("-f", join(folder, "newer.Dockerfile"))).stderr).toContain("this Dockerfile needs BuildKit");
  });
});
