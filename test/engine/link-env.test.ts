import { expect, test } from "bun:test";
import { linkEnv } from "../../src/engine/link-env.ts";

const env = (ports: string[], Env: string[] = []): string[] => linkEnv("web", { alias: "my-db", ip: "172.17.0.2", config: { Env, ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) } });

test("linkEnv() names every port, the lowest tcp one first, and the other's own variables (recorded from Docker Engine 28.5)", () => {
  expect(env(["80/tcp", "53/udp"], ["X=1", "HOME=/h", "PATH=/p", "bare"])).toEqual([
    "MY_DB_PORT=tcp://172.17.0.2:80",
    "MY_DB_PORT_53_UDP=udp://172.17.0.2:53", "MY_DB_PORT_53_UDP_ADDR=172.17.0.2", "MY_DB_PORT_53_UDP_PORT=53", "MY_DB_PORT_53_UDP_PROTO=udp",
    "MY_DB_PORT_80_TCP=tcp://172.17.0.2:80", "MY_DB_PORT_80_TCP_ADDR=172.17.0.2", "MY_DB_PORT_80_TCP_PORT=80", "MY_DB_PORT_80_TCP_PROTO=tcp",
    "MY_DB_NAME=/web/my-db", "MY_DB_ENV_X=1",
  ]);
});

test("linkEnv() sums up ports in a row", () => {
  expect(env(["8000/tcp", "8001/tcp", "8002/tcp"])).toContainValues(["MY_DB_PORT_8000_TCP_START=tcp://172.17.0.2:8000", "MY_DB_PORT_8000_TCP_END=tcp://172.17.0.2:8002", "MY_DB_PORT_8000_TCP_PORT_END=8002"]);
  expect(env(["8000/tcp", "8002/tcp"]).some((entry) => entry.includes("_START="))).toBe(false);
});

test("linkEnv() without ports has a name", () => expect(env([])).toEqual(["MY_DB_NAME=/web/my-db"]));
