/** The routes as data. */
import { expect, test } from "bun:test";
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "node:net";
import { ApiServer, parseListenAddress, renderReference, routes } from "../../src/api/mod.ts";
import { fakeEngine } from "./fake-engine.ts";
import { scratchName } from "../scratch.ts";

test("docs/api.md is what the routes say", () => {
  expect(readFileSync(join(import.meta.dir, "..", "..", "docs", "api.md"), "utf8") === renderReference()).toBe(true);
});

test("every endpoint is declared once", () => {
  const endpoints = routes.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/, "{}")}`);
  expect(endpoints.filter((endpoint, index) => endpoints.indexOf(endpoint) !== index)).toEqual([]);
});

test("every endpoint of Docker's API has an answer", () => {
  const served = new Set(routes.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/, "{}")}`));
  expect(DOCKER_ENDPOINTS.filter((endpoint) => !served.has(endpoint))).toEqual([]);
});

test("listen() replaces a dead socket, and leaves a live one and a file alone", async () => {
  const path = `/tmp/${scratchName("listen")}.sock`;
  const server = (): ApiServer => new ApiServer({ engine: fakeEngine().engine, engineVersion: "0" });
  const first = server();
  await first.listen({ path });
  await expect(server().listen({ path })).rejects.toThrow(/another engine listens there/);
  await first.close();

  // A socket whose owner was killed stays in the file system.
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(path, () => resolve()));
  linkSync(path, `${path}.kept`);
  await new Promise((resolve) => dead.close(resolve));
  renameSync(`${path}.kept`, path);
  const second = server();
  await second.listen({ path });
  await second.close();

  writeFileSync(path, "");
  await expect(server().listen({ path })).rejects.toThrow(/is not a socket/);
  unlinkSync(path);
  await expect(server().listen({ path: `/tmp/${"x".repeat(120)}` })).rejects.toThrow(/longer than the 107 bytes/);
});

test("listen() takes TCP too, beside a socket", async () => {
  const server = new ApiServer({ engine: fakeEngine().engine, engineVersion: "0" });
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  const answer = await fetch(`http://127.0.0.1:${port}/v1.51/containers/web/json`);
  expect([answer.status, await answer.json()]).toMatchObject([200, { Id: "web" }]);
  await server.close();
});

test("parseListenAddress() takes unix:// and tcp://", () => {
  expect(parseListenAddress("unix:///run/hako.sock")).toEqual({ path: "/run/hako.sock" });
  expect(parseListenAddress("tcp://0.0.0.0:2376")).toEqual({ host: "0.0.0.0", port: 2376 });
  expect(parseListenAddress("tcp://[::1]:1")).toEqual({ host: "::1", port: 1 });
  expect(parseListenAddress("tcp://")).toEqual({ host: "127.0.0.1", port: 2375 });
  for (const wrong of ["", "unix://", "unix://relative", "fd://", "tcp://a:99999", "tcp://a:b", "npipe://x"]) expect(() => parseListenAddress(wrong)).toThrow(/write unix:/);
});

/** Docker Engine API v1.51, all of it. */
const DOCKER_ENDPOINTS = [
  "GET /containers/json",
  "POST /containers/create",
  "GET /containers/{}/json",
  "GET /containers/{}/top",
  "GET /containers/{}/logs",
  "GET /containers/{}/changes",
  "GET /containers/{}/export",
  "GET /containers/{}/stats",
  "POST /containers/{}/resize",
  "POST /containers/{}/start",
  "POST /containers/{}/stop",
  "POST /containers/{}/restart",
  "POST /containers/{}/kill",
  "POST /containers/{}/update",
  "POST /containers/{}/rename",
  "POST /containers/{}/pause",
  "POST /containers/{}/unpause",
  "POST /containers/{}/attach",
  "GET /containers/{}/attach/ws",
  "POST /containers/{}/wait",
  "DELETE /containers/{}",
  "GET /containers/{}/archive",
  "HEAD /containers/{}/archive",
  "PUT /containers/{}/archive",
  "POST /containers/prune",
  "GET /images/json",
  "POST /build",
  "POST /build/prune",
  "POST /images/create",
  "GET /images/{}/json",
  "GET /images/{}/history",
  "POST /images/{}/push",
  "POST /images/{}/tag",
  "DELETE /images/{}",
  "GET /images/search",
  "POST /images/prune",
  "POST /auth",
  "GET /info",
  "GET /version",
  "GET /_ping",
  "HEAD /_ping",
  "POST /commit",
  "GET /events",
  "GET /system/df",
  "GET /images/{}/get",
  "GET /images/get",
  "POST /images/load",
  "POST /containers/{}/exec",
  "POST /exec/{}/start",
  "POST /exec/{}/resize",
  "GET /exec/{}/json",
  "GET /volumes",
  "POST /volumes/create",
  "GET /volumes/{}",
  "PUT /volumes/{}",
  "DELETE /volumes/{}",
  "POST /volumes/prune",
  "GET /networks",
  "GET /networks/{}",
  "DELETE /networks/{}",
  "POST /networks/create",
  "POST /networks/{}/connect",
  "POST /networks/{}/disconnect",
  "POST /networks/prune",
  "GET /plugins",
  "GET /plugins/privileges",
  "POST /plugins/pull",
  "GET /plugins/{}/json",
  "DELETE /plugins/{}",
  "POST /plugins/{}/enable",
  "POST /plugins/{}/disable",
  "POST /plugins/{}/upgrade",
  "POST /plugins/create",
  "POST /plugins/{}/push",
  "POST /plugins/{}/set",
  "GET /nodes",
  "GET /nodes/{}",
  "DELETE /nodes/{}",
  "POST /nodes/{}/update",
  "GET /swarm",
  "POST /swarm/init",
  "POST /swarm/join",
  "POST /swarm/leave",
  "POST /swarm/update",
  "GET /swarm/unlockkey",
  "POST /swarm/unlock",
  "GET /services",
  "POST /services/create",
  "GET /services/{}",
  "DELETE /services/{}",
  "POST /services/{}/update",
  "GET /services/{}/logs",
  "GET /tasks",
  "GET /tasks/{}",
  "GET /tasks/{}/logs",
  "GET /secrets",
  "POST /secrets/create",
  "GET /secrets/{}",
  "DELETE /secrets/{}",
  "POST /secrets/{}/update",
  "GET /configs",
  "POST /configs/create",
  "GET /configs/{}",
  "DELETE /configs/{}",
  "POST /configs/{}/update",
  "GET /distribution/{}/json",
  "POST /session",
];
