import { expect, test } from "bun:test";
import { logLabel } from "../../src/cli/compose/log-label.ts";
import { DryRunClient } from "../../src/cli/compose/dry-run-client.ts";
import { differences } from "../../src/compose/run/differences.ts";
import { Client, createContainer, inspectImage, removeContainer, startContainer } from "../../src/client/mod.ts";

test("differences() tells what a container is that its service no longer says", () => {
  const wanted = { Image: "web:2", Cmd: ["run", "fast"], Env: ["A=1", "B=2"], Labels: { own: "x", "com.docker.compose.version": "9" }, HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "81" }] }, NetworkMode: "n", RestartPolicy: { Name: "always" } } };
  const is = { Config: { Image: "web:1", Cmd: ["run", "slow"], Env: ["A=1", "B=3", "C=4", "PATH=/bin"], Labels: { own: "y" } }, HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "80" }] }, NetworkMode: "n", RestartPolicy: { Name: "no" } } };
  expect(differences(wanted, is as never, { Env: ["PATH=/bin"] })).toEqual(['image: "web:2", was "web:1"', 'command: "run fast", was "run slow"', "environment: B has another value", "environment: C is gone", "label: own has another value", 'ports: "81:80/tcp", was "80:80/tcp"', 'restart: "always", was "no"']);
});

test("logLabel() leaves the project's name out, and another's in", () => {
  expect([logLabel("app", "app-web-1"), logLabel("app", "app_web_1"), logLabel("app", "apple-web-1"), logLabel("app", "own")]).toEqual(["web-1", "web_1", "apple-web-1", "own"]);
});

test("a dry run asks and changes nothing", async () => {
  const asked: string[] = [];
  class Engine extends Client {
    override async request(method: string, path: string): Promise<never> {
      asked.push(`${method} ${path}`);
      throw new (await import("../../src/client/mod.ts")).ApiError(404, "No such image: x");
    }
  }
  const client = new DryRunClient(new Engine({ kind: "unix", path: "" }));
  expect((await createContainer(client, { Image: "x" })).Id).toMatch(/^[0-9a-f]{64}$/);
  await startContainer(client, "x");
  await removeContainer(client, "x");
  await expect(inspectImage(client, "x")).rejects.toThrow("No such image");
  client.pretendImage("x");
  expect((await inspectImage(client, "x")).Id).toMatch(/^[0-9a-f]{64}$/);
  expect(asked).toEqual(["GET /images/x/json", "GET /images/x/json"]);
});
