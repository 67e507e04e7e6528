/** The real docker command over the API and a fake engine: what its client library makes of our answers. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { DOCKER, run } from "../harness.ts";
import { startFake, type RunningFake } from "./running-fake.ts";

let fake: RunningFake;
beforeAll(async () => {
  fake = await startFake();
});
afterAll(async () => fake[Symbol.asyncDispose]());

const docker = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> => await run([DOCKER ?? "docker", "-H", `unix://${fake.socket}`, ...args]);

if (!DOCKER) test.skip("docker command (none on this machine)", () => {});
else {
  test("docker version shows the server", async () => {
    const { code, stdout } = await docker("version", "--format", "{{.Server.Version}} {{.Server.APIVersion}} {{.Server.MinAPIVersion}}");
    expect([code, stdout.trim()]).toEqual([0, "0.1.0 1.51 1.24"]);
  });

  test("docker ps lists", async () => {
    const { code, stdout } = await docker("ps", "--format", "{{.Names}} {{.Image}} {{.State}}");
    expect([code, stdout.trim()]).toEqual([0, "web busybox running"]);
  });

  test("docker ps hands over filters", async () => {
    expect((await docker("ps", "--filter", "nonsense=1")).stderr).toContain("invalid filter 'nonsense'");
    expect((await docker("ps", "--filter", "status=exited")).code).toBe(0);
  });

  test("docker exec passes output and sees the end", async () => {
    const { stdout } = await docker("exec", "web", "true");
    expect(stdout).toBe("bye");
  });

  test("docker logs takes frames apart", async () => {
    expect((await docker("logs", "web")).stdout).toBe("first line\n");
  });

  test("docker wait prints the code", async () => {
    fake.probe.exit(7);
    expect((await docker("wait", "web")).stdout.trim()).toBe("7");
  });

  test("docker shows the engine's sentences", async () => {
    expect((await docker("inspect", "--type", "container", "nope")).stderr).toContain("No such container: nope");
    expect((await docker("node", "ls")).stderr).toContain("This node is not a swarm manager");
    expect((await docker("commit", "nope")).stderr).toContain("No such container: nope");
    expect((await docker("cp", "web:/x", "/tmp/never")).stderr).toContain("Could not find the file /x in container web");
  });
}
