/**
 * Hosts on a link with an engine's: each a network namespace, joined by a switch in one of its own.
 *
 *   await using lan = await openLan(engine);
 *   const result = await lan.client.run("curl", `http://${lan.engineIp}:8080/`);
 */
import { Live, run, type Result, type TestEngine } from "./harness.ts";

/** Of the engine's host on the link; its interface there. */
export const ENGINE_IP = "198.51.100.1";
export const ENGINE_IP6 = "2001:db8:51::1";
export const UPLINK = "uplink0";

export class Host implements Disposable {
  readonly #holder: Live;
  readonly ip: string;
  readonly ip6: string;

  constructor(holder: Live, ip: string, ip6: string) {
    this.#holder = holder;
    this.ip = ip;
    this.ip6 = ip6;
  }

  command(...command: string[]): string[] {
    return ["nsenter", `--net=/proc/${this.#holder.pid}/ns/net`, "--", ...command];
  }

  run(...command: string[]): Promise<Result> {
    return run(this.command(...command));
  }

  async ok(...command: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...command);
    if (code !== 0) throw new Error(`${command.join(" ")}: exit code ${code}\n${stderr}`);
    return stdout;
  }

  live(...command: string[]): Live {
    return Live.spawn(this.command(...command));
  }

  /** A route to a subnet of the engine's, by way of its host. */
  async routeTo(subnet: string): Promise<void> {
    await this.ok("ip", "route", "replace", subnet, "via", subnet.includes(":") ? ENGINE_IP6 : ENGINE_IP);
  }

  /** What HTTP answers there, or "" when nobody does within some seconds. */
  async get(address: string, port: number, path = "/"): Promise<string> {
    return (await this.run("curl", "-s", "-m", "4", `http://${address.includes(":") ? `[${address}]` : address}:${port}${path}`)).stdout.trim();
  }

  [Symbol.dispose](): void {
    this.#holder[Symbol.dispose]();
  }
}

export interface Lan extends AsyncDisposable {
  readonly client: Host;
  readonly second: Host;
}

async function openNamespace(): Promise<Live> {
  const holder = Live.spawn(["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"]);
  await holder.until("ready");
  return holder;
}

/** Plugs an interface of a namespace into the switch. */
async function plug(fabric: Host, { port, pid, name, addresses }: { port: string; pid: number; name: string; addresses: readonly string[] }): Promise<void> {
  await fabric.ok("ip", "link", "add", port, "master", "switch", "type", "veth", "peer", "name", name, "netns", String(pid));
  await fabric.ok("ip", "link", "set", port, "up");
  const inNamespace = ["nsenter", `--net=/proc/${pid}/ns/net`, "--"];
  const inside = [...inNamespace, "ip"];
  // Its link-local address asks for the others': at once.
  await run([...inNamespace, "sysctl", "-qw", `net.ipv6.conf.${name}.accept_dad=0`]);
  for (const address of addresses) await run([...inside, "addr", "add", address, "dev", name, ...(address.includes(":") ? ["nodad"] : [])]);
  await run([...inside, "link", "set", name, "up"]);
}

export async function openLan(engine: TestEngine): Promise<Lan> {
  const [fabric, client, second] = [new Host(await openNamespace(), "", ""), await openNamespace(), await openNamespace()];
  await fabric.ok("ip", "link", "add", "switch", "type", "bridge", "mcast_snooping", "0");
  await fabric.ok("ip", "link", "set", "switch", "up");
  await plug(fabric, { port: "p1", pid: engine.networkHolder, name: UPLINK, addresses: [`${ENGINE_IP}/24`, `${ENGINE_IP6}/64`] });
  await plug(fabric, { port: "p2", pid: client.pid, name: "eth0", addresses: ["198.51.100.2/24", "2001:db8:51::2/64"] });
  await plug(fabric, { port: "p3", pid: second.pid, name: "eth0", addresses: ["198.51.100.3/24", "2001:db8:51::3/64"] });
  const hosts = { client: new Host(client, "198.51.100.2", "2001:db8:51::2"), second: new Host(second, "198.51.100.3", "2001:db8:51::3") };
  // The kernel begins to answer for a new link's addresses some time after it is up.
  await Promise.all([hosts.client, hosts.second].map((host) => host.ok("sh", "-c", `until ping -c 1 -W 1 ${ENGINE_IP6} >/dev/null; do :; done`)));
  return {
    ...hosts,
    [Symbol.asyncDispose]: async () => {
      await engine.inNetwork("ip", "link", "del", UPLINK);
      for (const host of [hosts.client, hosts.second, fabric]) host[Symbol.dispose]();
    },
  };
}
