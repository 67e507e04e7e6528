/** 200 networks and containers come and go while the engine is killed again and again, and nothing of them is left in the kernel or the store. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { random, seed } from "../seeded-random.ts";

const CYCLES = 200;
const AT_ONCE = 8;
const KILLS = 10;

interface Kind {
  readonly driver?: string;
  readonly body?: Record<string, unknown>;
}
const mode = (name: string): Record<string, string> => ({ "com.docker.network.bridge.gateway_mode_ipv4": name });
const KINDS: readonly Kind[] = [
  {},
  { body: { EnableIPv6: true } },
  { body: { Internal: true } },
  { body: { Internal: true, Options: mode("isolated") } },
  { body: { EnableIPv6: true, Options: { ...mode("routed"), "com.docker.network.bridge.trusted_host_interfaces": "eth9" } } },
  { body: { Options: { ...mode("nat-unprotected"), "com.docker.network.bridge.enable_icc": "false" } } },
  { driver: "macvlan", body: { Internal: true } },
];

/** All that networks are in the kernel, without what changes by itself. */
async function kernelState(engine: TestEngine): Promise<Record<string, string>> {
  const looks = { links: "ip -br link", addresses: "ip -o addr", routes: "ip route show table all; ip -6 route show table all", rules: "ip rule", tables: "nft list ruleset", ports: "ss -Hltun | awk '{print $1, $5}' | sort" };
  const states = await Promise.all(Object.entries(looks).map(async ([name, look]) => [name, (await engine.inNetwork("sh", "-c", look)).stdout] as const));
  // A bridge without ports is down, with one up, and its routes say so.
  const steady = (text: string): string => text.replaceAll(/\b(?:linkdown|NO-CARRIER,|,LOWER_UP|UP|DOWN|UNKNOWN)/g, "").replaceAll(/ +/g, " ").split("\n").filter((line) => !/fe80::|ff00::/.test(line)).join("\n");
  return Object.fromEntries(states.map(([name, text]) => [name, name === "tables" ? text : steady(text)]));
}

/** Requests of any number of clients while the engine dies and comes back; a request of a dead one is asked again of the next, as far as it makes sense. */
class Churn {
  readonly #engine: TestEngine;
  #back = Promise.resolve();
  #untilKill: number;
  kills = 0;

  constructor(engine: TestEngine) {
    this.#engine = engine;
    this.#untilKill = this.#pause();
  }

  /** The status, or 0 when the engine died before it answered. */
  async ask(method: string, path: string, body?: unknown): Promise<number> {
    await this.#back;
    const asked = this.#engine.api(method, path, body).then(
      async (answer) => (await answer.text(), answer.status),
      () => 0,
    );
    // While the engine is at it, not after.
    if (--this.#untilKill === 0 && this.kills < KILLS) this.#back = this.#kill();
    return await asked;
  }

  async #kill(): Promise<void> {
    this.kills++;
    await this.#engine.kill9();
    await this.#engine.start();
    this.#untilKill = this.#pause();
  }

  #pause(): number {
    return 40 + random(90);
  }
}

/** @returns whether its container ran */
async function cycle(churn: Churn, number: number): Promise<boolean> {
  const [network, container] = [`n${number}`, `c${number}`];
  const { driver = "bridge", body = {} } = KINDS[number % KINDS.length] ?? {};
  await churn.ask("POST", "/networks/create", { Name: network, Driver: driver, ...body });
  const port = `${20_000 + number}`;
  await churn.ask("POST", `/containers/create?name=${container}`, { Image: BUSYBOX, Cmd: ["sleep", "1000"], HostConfig: { NetworkMode: network, PortBindings: { "80/tcp": [{ HostPort: port }], "53/udp": [{ HostPort: port }] } } });
  const started = await churn.ask("POST", `/containers/${container}/start`);
  if (number % 2 === 0) await churn.ask("POST", "/networks/bridge/connect", { Container: container });
  if (number % 4 === 0) await churn.ask("POST", `/networks/${network}/disconnect`, { Container: container });
  if (number % 3 === 0) await churn.ask("POST", `/containers/${container}/restart?t=0`);
  // What a crash took back of these is done by `clear` and `prune`.
  await churn.ask("DELETE", `/containers/${container}?force=1`);
  await churn.ask("DELETE", `/networks/${network}`);
  return started === 204;
}

test(`${CYCLES} cycles and ${KILLS} crashes leave no link, bridge, address, route, rule, element, port or row (seed ${seed})`, async () => {
  await using engine = await startEngine();
  // The first network brings the one table for names, which stays.
  await engine.ok("network", "create", "first");
  await engine.ok("network", "rm", "first");
  await removed(engine);
  const before = await kernelState(engine);
  const churn = new Churn(engine);
  let [next, ran] = [0, 0];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < CYCLES) if (await cycle(churn, next++)) ran++;
  }));
  expect(churn.kills).toBe(KILLS);
  expect(ran).toBeGreaterThan(CYCLES / 2);
  // The last one may still be starting.
  await churn.ask("GET", "/_ping");
  await engine.clear();
  await engine.ok("network", "prune", "-f");
  expect(await engine.settledLeaks()).toEqual([]);
  await removed(engine);
  expect(await kernelState(engine)).toEqual(before);
  expect(await engine.stop()).toBe(0);
  checkStore(engine);
}, 120_000);

/** The kernel takes a bridge away some time after `network rm` has answered, and the engine the elements of ended containers. */
async function removed(engine: TestEngine): Promise<void> {
  const gone = await engine.inNetwork("sh", "-c", "i=0; while ip -br link | grep -qE '^(br-|dm-)' || nft list ruleset | grep -q veth; do i=$((i+1)); [ $i -lt 400 ] || exit 1; done");
  expect(gone.code).toBe(0);
}

/** While no engine has it. */
function checkStore(engine: TestEngine): void {
  const db = new Database(join(engine.dataRoot, "hako.db"), { readonly: true });
  const count = (sql: string): number | undefined => db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${sql}`).get()?.n;
  expect({ networks: count("networks"), endpoints: count("endpoints"), ports: count("published_ports"), ranges: count("network_addresses"), subnets: count("(SELECT DISTINCT subnet FROM network_addresses)") }).toEqual({ networks: 3, endpoints: 0, ports: 0, ranges: 1, subnets: 1 });
  db.close();
}
