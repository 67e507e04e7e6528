/** Published ports: what is chosen and shown, and how a port that is taken is refused. The same against every engine. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { busyboxTar } from "../images.ts";
import type { Subject } from "./contract.ts";
import { call, callJson, messageOf, type Answer } from "./wire.ts";

const IMAGE = "hako-publishing:test";
const BASE = 28_400;

type Binding = { HostIp: string; HostPort: string };
type Ports = Record<string, Binding[] | null>;
type Listed = { IP?: string; PrivatePort: number; PublicPort?: number; Type: string };

export function describePublishing(subject: Subject): void {
  const prefix = `hako-pub-${process.pid}`;
  const made: string[] = [];
  const ask = (method: string, target: string): Promise<Answer> => call(subject.socket(), { method, target: `/v1.51${target}` });
  const post = (target: string, body: unknown): Promise<Answer> => callJson(subject.socket(), "POST", `/v1.51${target}`, body);
  const parsed = async <T>(target: string): Promise<T> => JSON.parse((await ask("GET", target)).text) as T;
  const inspect = (name: string): Promise<{ State: Record<string, unknown>; NetworkSettings: { Ports: Ports }; HostConfig: { PortBindings: Ports } }> => parsed(`/containers/${prefix}-${name}/json`);

  async function create(name: string, PortBindings: Record<string, Partial<Binding>[]>, more: Record<string, unknown> = {}, host: Record<string, unknown> = {}): Promise<void> {
    made.push(name);
    const exposed = Object.fromEntries(Object.keys(PortBindings).map((port) => [port, {}]));
    const created = await post(`/containers/create?name=${prefix}-${name}`, { Image: IMAGE, Cmd: ["sleep", "1000"], ExposedPorts: exposed, HostConfig: { PortBindings, ...host }, ...more });
    expect([created.status, created.text]).toEqual([201, expect.stringContaining("Id")]);
  }
  const start = (name: string): Promise<Answer> => ask("POST", `/containers/${prefix}-${name}/start`);
  async function run(...args: Parameters<typeof create>): Promise<Ports> {
    await create(...args);
    const started = await start(args[0]);
    expect([started.status, started.text]).toEqual([204, ""]);
    return (await inspect(args[0])).NetworkSettings.Ports;
  }
  /** On every address: both families, the same number. */
  const everywhere = (port: number): Binding[] => ["0.0.0.0", "::"].map((HostIp) => ({ HostIp, HostPort: String(port) }));

  describe(`published ports: ${subject.name}`, () => {
    beforeAll(async () => {
      const answer = await call(subject.socket(), { method: "POST", target: `/v1.51/images/create?fromSrc=-&repo=hako-publishing&tag=test`, body: readFileSync(await busyboxTar()), headers: { "Content-Type": "application/x-tar" } });
      expect(answer.status).toBe(200);
    }, 120_000);
    afterEach(async () => {
      for (const name of made.splice(0)) await ask("DELETE", `/containers/${prefix}-${name}?force=1`);
    });
    afterAll(async () => {
      await ask("DELETE", `/networks/${prefix}-routed`);
      await ask("DELETE", `/images/${IMAGE}?force=1`);
    });

    test("a port on every address is so in both families, one on an address there only", async () => {
      expect(await run("a", { "80/tcp": [{ HostPort: String(BASE) }, { HostIp: "127.0.0.1", HostPort: String(BASE + 1) }], "53/udp": [{ HostIp: "0.0.0.0", HostPort: String(BASE) }] }, { ExposedPorts: { "80/tcp": {}, "53/udp": {}, "99/tcp": {} } })).toEqual({
        "53/udp": [{ HostIp: "0.0.0.0", HostPort: String(BASE) }], "80/tcp": [...everywhere(BASE), { HostIp: "127.0.0.1", HostPort: String(BASE + 1) }], "99/tcp": null,
      });
      const [listed] = await parsed<{ Ports: Listed[] }[]>(`/containers/json?filters=${encodeURIComponent(JSON.stringify({ name: [`${prefix}-a`] }))}`);
      const order = (ports: Listed[]): string[] => ports.map((port) => JSON.stringify([port.Type, port.PrivatePort, port.PublicPort, port.IP])).sort();
      expect(order(listed?.Ports ?? [])).toEqual(order([
        { Type: "tcp", PrivatePort: 80, PublicPort: BASE, IP: "0.0.0.0" }, { Type: "tcp", PrivatePort: 80, PublicPort: BASE, IP: "::" }, { Type: "tcp", PrivatePort: 80, PublicPort: BASE + 1, IP: "127.0.0.1" },
        { Type: "udp", PrivatePort: 53, PublicPort: BASE, IP: "0.0.0.0" }, { Type: "tcp", PrivatePort: 99 },
      ]));
      await ask("POST", `/containers/${prefix}-a/stop?t=0`);
      expect((await inspect("a")).NetworkSettings.Ports).toEqual({});
    });

    test("a free number is found for one of any, of a range, and for what is exposed with all of it published", async () => {
      const ports = await run("a", { "80/tcp": [{ HostPort: "" }], "81/tcp": [{ HostIp: "127.0.0.1", HostPort: `${BASE + 10}-${BASE + 11}` }] }, { ExposedPorts: { "80/tcp": {}, "81/tcp": {}, "99/udp": {} } }, { PublishAllPorts: true });
      const [any, udp] = [ports["80/tcp"]?.[0]?.HostPort, ports["99/udp"]?.[0]?.HostPort].map(Number);
      expect(any).toBeGreaterThanOrEqual(32_768);
      expect(udp).toBeGreaterThanOrEqual(32_768);
      expect(ports["80/tcp"]).toEqual(everywhere(any ?? 0));
      expect([String(BASE + 10), String(BASE + 11)]).toContain(ports["81/tcp"]?.[0]?.HostPort ?? "");
      expect((await inspect("a")).HostConfig.PortBindings).toEqual({ "80/tcp": [{ HostIp: "", HostPort: "" }], "81/tcp": [{ HostIp: "127.0.0.1", HostPort: `${BASE + 10}-${BASE + 11}` }] });
    });

    test("what is taken, or not an address of the host, is refused; the container has not run", async () => {
      await run("a", { "80/tcp": [{ HostPort: String(BASE + 20) }] });
      for (const [bindings, message] of [
        // Docker takes the families as they come.
        [[{ HostPort: String(BASE + 20) }], subject.kind === "docker" ? /^Bind for (?:0\.0\.0\.0|::):28420 failed: port is already allocated$/ : `Bind for 0.0.0.0:${BASE + 20} failed: port is already allocated`],
        [[{ HostIp: "127.0.0.1", HostPort: String(BASE + 20) }], `Bind for 0.0.0.0:${BASE + 20} failed: port is already allocated`],
        [[{ HostIp: "203.0.113.9", HostPort: String(BASE + 21) }], /^failed to bind host port for 203\.0\.113\.9:28421:[0-9.]+:81\/tcp: cannot assign requested address$/],
      ] as const) {
        await create("b", { "81/tcp": [...bindings] });
        const answer = await start("b");
        // Docker answers the mistake of a client as if it were its own.
        expect(answer.status).toBe(subject.kind === "docker" ? 500 : typeof message === "string" ? 409 : 400);
        const [, rest = ""] = /^failed to set up container networking: driver failed programming external connectivity on endpoint \S+ \([0-9a-f]{64}\): (.*)$/s.exec(messageOf(answer)) ?? [];
        if (typeof message === "string") expect(rest).toBe(message);
        else expect(rest).toMatch(message);
        expect((await inspect("b")).State).toMatchObject({ Status: "created", ExitCode: 128 });
        await ask("DELETE", `/containers/${prefix}-b?force=1`);
      }
    });

    test("a range that is used up is told, and what was given back is had again", async () => {
      const range = [{ HostPort: `${BASE + 30}-${BASE + 31}` }];
      const given = [await run("a", { "80/tcp": range }), await run("b", { "80/tcp": range })].map((ports) => ports["80/tcp"]?.[0]?.HostPort);
      expect(given.sort()).toEqual([String(BASE + 30), String(BASE + 31)]);
      await create("c", { "80/tcp": range });
      expect(messageOf(await start("c"))).toEndWith(": all ports are allocated");
      await ask("DELETE", `/containers/${prefix}-a?force=1`);
      expect((await start("c")).status).toBe(204);
    });

    test("on a routed network ports are the container's own: no number of the host's is taken", async () => {
      const network = `${prefix}-routed`;
      await post("/networks/create", { Name: network, Options: { "com.docker.network.bridge.gateway_mode_ipv4": "routed" } });
      const own = { HostIp: "0.0.0.0", HostPort: "" };
      // IPv6 is another family: it is passed on to the container, from a port of the host.
      expect(await run("a", { "80/tcp": [{ HostPort: String(BASE + 50) }], "81/tcp": [{ HostIp: "127.0.0.1", HostPort: String(BASE + 50) }], "82/tcp": [{ HostIp: "0.0.0.0" }] }, {}, { NetworkMode: network })).toEqual({ "80/tcp": [own, { HostIp: "::", HostPort: String(BASE + 50) }], "81/tcp": [own], "82/tcp": [own] });
      const [listed] = await parsed<{ Ports: Listed[] }[]>(`/containers/json?filters=${encodeURIComponent(JSON.stringify({ name: [`${prefix}-a`] }))}`);
      expect(listed?.Ports.filter(({ IP }) => IP === "0.0.0.0").toSorted((one, other) => one.PrivatePort - other.PrivatePort)).toEqual([80, 81, 82].map((PrivatePort) => ({ IP: "0.0.0.0", PrivatePort, Type: "tcp" })));
      // And so another container has the number.
      expect(await run("b", { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: String(BASE + 50) }] })).toEqual({ "80/tcp": [{ HostIp: "0.0.0.0", HostPort: String(BASE + 50) }] });
      for (const name of made.splice(0)) await ask("DELETE", `/containers/${prefix}-${name}?force=1`);
      expect((await ask("DELETE", `/networks/${network}`)).status).toBe(204);
    });

    test("without a network of its own nothing is published", async () => {
      expect(await run("a", { "80/tcp": [{ HostPort: String(BASE + 40) }] }, {}, { NetworkMode: "none" })).toEqual({});
      expect(await run("b", { "80/tcp": [{ HostPort: String(BASE + 40) }] }, {}, { NetworkMode: "host" })).toEqual({});
    });
  });
}
