/** Networks: what is refused and how, what is shown, and a container's way on and off them. The same against every engine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { busyboxTar } from "../images.ts";
import type { Subject } from "./contract.ts";
import { call, callJson, messageOf, type Answer } from "./wire.ts";

const IMAGE = "hako-networking:test";
type Body = Record<string, unknown>;

const ranges = (...Config: Body[]): Body => ({ IPAM: { Config } });
const option = (name: string, value: string): Body => ({ Options: { [`com.docker.network.${name}`]: value } });
const SUBNET = "10.222.0.0/16";
const invalid = (fault: string): string => `invalid network config:\n${fault}`;

/** What a request to create a network is refused for; Docker's status where it is another. */
const REFUSED: readonly (readonly [body: Body, status: number, message: string, docker?: number])[] = [
  [{ Name: "" }, 400, "invalid name: name is empty"],
  [{ Name: " " }, 400, "invalid name: name is empty"],
  [{ Name: "bridge" }, 403, "operation is not permitted on predefined bridge network "],
  [{ Name: "host" }, 403, "operation is not permitted on predefined host network "],
  [{ Driver: "nosuch" }, 404, 'plugin "nosuch" not found'],
  [{ Driver: "host" }, 403, 'only one instance of "host" network is allowed'],
  [{ Driver: "null" }, 403, 'only one instance of "null" network is allowed'],
  [{ IPAM: { Driver: "nosuch" } }, 404, 'plugin "nosuch" not found'],
  [{ Ingress: true }, 403, "Ingress network can only be global scope network"],
  [{ EnableIPv4: false }, 400, "IPv4 or IPv6 must be enabled"],
  [{ ConfigOnly: true, ConfigFrom: { Network: "y" } }, 403, "a configuration network cannot depend on another configuration network"],
  [{ ConfigFrom: { Network: "hako-no-such" } }, 404, 'configuration network "hako-no-such" does not exist'],
  [ranges({ Subnet: "1.2.3" }), 400, invalid("invalid subnet 1.2.3: invalid CIDR block notation")],
  [ranges({ Gateway: "10.1.0.1" }), 400, invalid("invalid subnet : invalid CIDR block notation")],
  [ranges({ Subnet: "10.222.0.1/16" }), 400, invalid("invalid subnet 10.222.0.1/16: it should be 10.222.0.0/16")],
  [ranges({ Subnet: SUBNET, Gateway: "10.223.0.1" }), 400, invalid(`invalid gateway 10.223.0.1: parent subnet ${SUBNET} doesn't contain this address`)],
  [ranges({ Subnet: SUBNET, Gateway: "10.222.0.300" }), 400, invalid("invalid gateway 10.222.0.300: invalid address")],
  [ranges({ Subnet: SUBNET, IPRange: "10.223.0.0/24" }), 400, invalid(`invalid ip-range 10.223.0.0/24: parent subnet ${SUBNET} doesn't contain ip-range`)],
  [ranges({ Subnet: SUBNET, IPRange: "10.222.0.0/8" }), 400, invalid(`* invalid ip-range 10.222.0.0/8: CIDR block is bigger than its parent subnet ${SUBNET}\n* invalid ip-range 10.222.0.0/8: it should be 10.0.0.0/8`)],
  [ranges({ Subnet: SUBNET, AuxiliaryAddresses: { a: "10.223.0.1" } }), 400, invalid(`invalid auxiliary address a: parent subnet ${SUBNET} doesn't contain this address`)],
  [ranges({ Subnet: SUBNET }, { Subnet: "10.222.1.0/24" }), 403, "invalid pool request: Pool overlaps with other one on this address space"],
  [option("driver.mtu", "abc"), 400, 'failed to parse com.docker.network.driver.mtu value: abc (strconv.Atoi: parsing "abc": invalid syntax)'],
  [option("driver.mtu", "-1"), 400, "invalid MTU number: -1"],
  [option("bridge.enable_icc", "abc"), 400, 'failed to parse com.docker.network.bridge.enable_icc value: abc (strconv.ParseBool: parsing "abc": invalid syntax)'],
  [option("bridge.host_binding_ipv4", "x"), 400, "failed to parse com.docker.network.bridge.host_binding_ipv4 value: x (nil ip)"],
  [option("bridge.gateway_mode_ipv4", "x"), 400, "failed to parse com.docker.network.bridge.gateway_mode_ipv4 value: x (unknown gateway mode x)"],
  [option("bridge.gateway_mode_ipv4", "isolated"), 400, "gateway mode 'isolated' can only be used for an internal network", 500],
  [option("bridge.name", "lo"), 400, "existing interface lo is not a bridge", 500],
  [option("bridge.name", "thisnameistoolong"), 400, "numerical result out of range", 500],
  [{ Driver: "macvlan", Options: { parent: "hako9" } }, 400, "invalid subinterface vlan name hako9, example formatting is eth0.10", 500],
  [{ Driver: "macvlan", Options: { parent: "lo", macvlan_mode: "foo" } }, 400, "requested macvlan mode 'foo' is not valid, 'bridge' mode is the macvlan driver default", 500],
];

export function describeNetworking(subject: Subject): void {
  const prefix = `hako-net-${process.pid}`;
  const [red, blue, container] = [`${prefix}-red`, `${prefix}-blue`, `${prefix}-c`];
  const ask = (method: string, target: string): Promise<Answer> => call(subject.socket(), { method, target: `/v1.51${target}` });
  const post = (target: string, body: unknown): Promise<Answer> => callJson(subject.socket(), "POST", `/v1.51${target}`, body);
  const parsed = async (target: string): Promise<Record<string, unknown>> => JSON.parse((await ask("GET", target)).text) as Record<string, unknown>;
  const said = (answer: Answer): readonly [number, string] => [answer.status, answer.text === "" ? "" : messageOf(answer)];
  const endpoint = async (network: string): Promise<Record<string, unknown>> => ((await parsed(`/containers/${container}/json`))["NetworkSettings"] as { Networks: Record<string, Record<string, unknown>> }).Networks[network] ?? {};
  const status = (ours: number, docker = ours): number => (subject.kind === "docker" ? docker : ours);

  describe(`networks: ${subject.name}`, () => {
    beforeAll(async () => {
      const tar = readFileSync(await busyboxTar());
      await call(subject.socket(), { method: "POST", target: "/images/create?fromSrc=-&repo=hako-networking&tag=test", headers: { "Content-Type": "application/x-tar" }, body: tar });
      await post("/networks/create", { Name: red, Labels: { [prefix]: "red" }, ...ranges({ Subnet: "10.224.0.0/16", IPRange: "10.224.5.0/24", AuxiliaryAddresses: { a: "10.224.5.1" } }) });
      await post("/networks/create", { Name: blue, Labels: { [prefix]: "blue" }, ...ranges({ Subnet: "10.225.0.0/24", Gateway: "10.225.0.9" }) });
      await post(`/containers/create?name=${container}`, { Image: IMAGE, Cmd: ["sleep", "1000"], HostConfig: { NetworkMode: red }, NetworkingConfig: { EndpointsConfig: { [red]: { Aliases: ["al"] } } } });
    }, 120_000);
    afterAll(async () => {
      await ask("DELETE", `/containers/${container}?force=1`);
      for (const network of [red, blue, `${prefix}-x`, `${prefix}-y`]) await ask("DELETE", `/networks/${network}`);
      await ask("DELETE", `/images/${IMAGE}?force=1`);
    }, 120_000);

    test.each(REFUSED.map((row) => [JSON.stringify(row[0]), ...row] as const))("%s is refused", async (_, body, code, message, docker = code) => {
      expect(said(await post("/networks/create", { Name: `${prefix}-x`, ...body }))).toEqual([status(code, docker), message]);
    }, 120_000);

    test("what exists is refused: a name, a subnet, a bridge", async () => {
      expect(said(await post("/networks/create", { Name: red }))).toEqual([409, `network with name ${red} already exists`]);
      expect(said(await post("/networks/create", { Name: `${prefix}-x`, ...ranges({ Subnet: "10.224.128.0/24" }) }))).toEqual([403, "invalid pool request: Pool overlaps with other one on this address space"]);
      expect(said(await ask("DELETE", "/networks/bridge"))).toEqual([403, "bridge is a pre-defined network and cannot be removed"]);
      expect(said(await ask("DELETE", `/networks/${prefix}-none`))).toEqual([404, `network ${prefix}-none not found`]);
    });

    test("inspect shows what was asked for", async () => {
      const shown = await parsed(`/networks/${red}`);
      expect(shown).toMatchObject({
        Name: red, Scope: "local", Driver: "bridge", EnableIPv4: true, EnableIPv6: false, Internal: false, Attachable: false, Ingress: false, ConfigFrom: { Network: "" }, ConfigOnly: false, Containers: {}, Options: {}, Labels: { [prefix]: "red" },
        IPAM: { Driver: "default", Config: [{ Subnet: "10.224.0.0/16", IPRange: "10.224.5.0/24", AuxiliaryAddresses: { a: "10.224.5.1" } }] },
      });
      expect(shown["Id"]).toMatch(/^[0-9a-f]{64}$/);
      expect(await parsed(`/networks/${String(shown["Id"]).slice(0, 12)}`)).toEqual(shown);
    });

    test("lists are filtered", async () => {
      const names = async (filters: Record<string, string[]>): Promise<unknown[]> => (JSON.parse((await ask("GET", `/networks?filters=${encodeURIComponent(JSON.stringify(filters))}`)).text) as { Name: string }[]).map(({ Name }) => Name).sort();
      expect(await names({ name: [`^${prefix}`] })).toEqual([blue, red]);
      expect(await names({ label: [`${prefix}=blue`] })).toEqual([blue]);
      expect(await names({ label: [prefix], driver: ["bridge"], scope: ["local"], type: ["custom"], dangling: ["true"] })).toEqual([blue, red]);
      expect(await names({ type: ["builtin"] })).toEqual(["bridge", "host", "none"]);
      expect(await names({ driver: ["null"], type: ["builtin"] })).toEqual(["none"]);
      expect(messageOf(await ask("GET", `/networks?filters=${encodeURIComponent('{"dangling":["x"]}')}`))).toBe(`invalid value for filter 'dangling', must be "true" (or "1"), or "false" (or "0")`);
      expect(messageOf(await ask("GET", `/networks?filters=${encodeURIComponent('{"type":["x"]}')}`))).toBe("invalid filter: 'type'='x'");
    });

    test("a container that has not started has no address", async () => {
      expect(await endpoint(red)).toMatchObject({ Aliases: ["al"], NetworkID: "", EndpointID: "", IPAddress: "", IPPrefixLen: 0, DNSNames: null });
    });

    test("a started one has one of the range, behind the gateway and what is reserved", async () => {
      await ask("POST", `/containers/${container}/start`);
      const { Id } = await parsed(`/containers/${container}/json`);
      const network = await parsed(`/networks/${red}`);
      const shown = await endpoint(red);
      expect(shown).toMatchObject({ IPAMConfig: null, Links: null, Aliases: ["al"], DriverOpts: null, GwPriority: 0, NetworkID: network["Id"], Gateway: "10.224.5.0", IPAddress: "10.224.5.2", IPPrefixLen: 16, IPv6Gateway: "", GlobalIPv6Address: "", GlobalIPv6PrefixLen: 0, DNSNames: [container, "al", String(Id).slice(0, 12)] });
      expect(network["Containers"]).toEqual({ [String(Id)]: { Name: container, EndpointID: shown["EndpointID"], MacAddress: shown["MacAddress"], IPv4Address: "10.224.5.2/16", IPv6Address: "" } });
    });

    test("it is connected to a second network, with an address of its own", async () => {
      const connect = (body: Body): Promise<Answer> => post(`/networks/${blue}/connect`, { Container: container, EndpointConfig: body });
      expect(said(await connect({ IPAMConfig: { IPv4Address: "10.226.0.2" } }))).toEqual([400, "invalid endpoint settings:\nno configured subnet or ip-range contain the IP address 10.226.0.2"]);
      expect(said(await connect({ IPAMConfig: { IPv4Address: "10.225.0.9" } }))).toEqual([403, "Address already in use"]);
      expect(said(await connect({ IPAMConfig: { IPv6Address: "fd00::9" } }))).toEqual([400, "invalid endpoint settings:\nuser specified IP address is supported only when connecting to networks with user configured subnets"]);
      expect(said(await connect({ MacAddress: "zz" }))).toEqual([400, "invalid MAC address zz"]);
      expect(said(await connect({ IPAMConfig: { IPv4Address: "10.225.0.77" }, Aliases: ["other"], GwPriority: 7 }))).toEqual([200, ""]);
      expect(await endpoint(blue)).toMatchObject({ IPAMConfig: { IPv4Address: "10.225.0.77" }, Aliases: ["other"], GwPriority: 7, Gateway: "10.225.0.9", IPAddress: "10.225.0.77", IPPrefixLen: 24 });
      expect(said(await connect({}))).toEqual([403, `endpoint with name ${container} already exists in network ${blue}`]);
    });

    test("a network in use is not removed", async () => {
      const { EndpointID } = await endpoint(blue);
      expect(said(await ask("DELETE", `/networks/${blue}`))).toEqual([403, `error while removing network: network ${blue} has active endpoints (name:"${container}" id:"${String(EndpointID).slice(0, 12)}")`]);
    });

    test("it is disconnected once", async () => {
      const disconnect = (): Promise<Answer> => post(`/networks/${blue}/disconnect`, { Container: container });
      expect(said(await disconnect())).toEqual([200, ""]);
      const { Id } = await parsed(`/containers/${container}/json`);
      expect(said(await disconnect())).toEqual([status(403, 500), `container ${String(Id)} is not connected to network ${blue}`]);
      expect(await endpoint(blue)).toEqual({});
    });

    test("what cannot go together", async () => {
      const connect = (network: string, body: Body): Promise<Answer> => post(`/networks/${network}/connect`, body);
      expect(said(await connect("host", { Container: container }))).toEqual([400, "cannot connect container to host network - container must be created in host network mode"]);
      expect(said(await connect("none", { Container: container }))).toEqual([400, "container cannot be connected to multiple networks with one of the networks in private (none) mode"]);
      expect(said(await connect("bridge", { Container: container, EndpointConfig: { Aliases: ["x"] } }))).toEqual([400, "invalid endpoint settings:\nnetwork-scoped alias is supported only for containers in user defined networks"]);
      expect(said(await connect(blue, { Container: `${prefix}-nobody` }))).toEqual([404, `No such container: ${prefix}-nobody`]);
      expect(said(await connect(`${prefix}-none`, { Container: container }))).toEqual([404, `network ${prefix}-none not found`]);
      expect(said(await connect(blue, {}))).toEqual([400, 'invalid name or ID supplied: ""']);
      expect(said(await post(`/networks/${blue}/disconnect`, { Container: `${prefix}-nobody`, Force: true }))).toEqual([404, `endpoint ${prefix}-nobody not found`]);
    });

    test("of an isolated network the host has no address, and the containers the first", async () => {
      const name = `${prefix}-x`;
      const isolated = { Name: name, Internal: true, ...option("bridge.gateway_mode_ipv4", "isolated") };
      await post("/networks/create", isolated);
      expect((await parsed(`/networks/${name}`))["IPAM"]).toMatchObject({ Config: [{ Subnet: expect.stringMatching(/^[0-9./]+$/) }] });
      expect(JSON.stringify((await parsed(`/networks/${name}`))["IPAM"])).not.toContain("Gateway");
      await ask("DELETE", `/networks/${name}`);
      await post("/networks/create", { ...isolated, ...ranges({ Subnet: "10.226.0.0/24" }) });
      expect(said(await post(`/networks/${name}/connect`, { Container: container }))).toEqual([200, ""]);
      expect(await endpoint(name)).toMatchObject({ IPAddress: "10.226.0.1", IPPrefixLen: 24, Gateway: "" });
      await post(`/networks/${name}/disconnect`, { Container: container });
      expect((await ask("DELETE", `/networks/${name}`)).status).toBe(204);
    });

    test("another default gateway than the host's address is an auxiliary address of that name", async () => {
      const name = `${prefix}-x`;
      await post("/networks/create", { Name: name, ...ranges({ Subnet: "10.226.0.0/24", Gateway: "10.226.0.1", AuxiliaryAddresses: { DefaultGatewayIPv4: "10.226.0.9" } }) });
      expect(said(await post(`/networks/${name}/connect`, { Container: container, EndpointConfig: { GwPriority: 9 } }))).toEqual([200, ""]);
      expect(await endpoint(name)).toMatchObject({ IPAddress: "10.226.0.2", Gateway: "10.226.0.9" });
      await post(`/networks/${name}/disconnect`, { Container: container });
      expect((await ask("DELETE", `/networks/${name}`)).status).toBe(204);
    });

    test("a configuration is taken over, and stays while it is", async () => {
      await post("/networks/create", { Name: `${prefix}-x`, ConfigOnly: true, ...ranges({ Subnet: "10.226.0.0/24" }), Labels: { of: "x" } });
      expect(await parsed(`/networks/${prefix}-x`)).toMatchObject({ Driver: "null", ConfigOnly: true, IPAM: { Config: [{ Subnet: "10.226.0.0/24" }] } });
      expect((await post("/networks/create", { Name: `${prefix}-y`, ConfigFrom: { Network: `${prefix}-x` } })).status).toBe(201);
      expect(await parsed(`/networks/${prefix}-y`)).toMatchObject({ Driver: "bridge", ConfigOnly: false, ConfigFrom: { Network: `${prefix}-x` }, IPAM: { Config: [{ Subnet: "10.226.0.0/24" }] } });
      expect(said(await ask("DELETE", `/networks/${prefix}-x`))).toEqual([403, `error while removing network: configuration network "${prefix}-x" is in use`]);
      expect((await ask("DELETE", `/networks/${prefix}-y`)).status).toBe(204);
      expect((await ask("DELETE", `/networks/${prefix}-x`)).status).toBe(204);
    });

    test("prune takes what is labelled so and used by nobody", async () => {
      await post("/networks/create", { Name: `${prefix}-x`, Labels: { [prefix]: "pruned" } });
      const filters = encodeURIComponent(JSON.stringify({ label: [`${prefix}=pruned`] }));
      expect(JSON.parse((await ask("POST", `/networks/prune?filters=${encodeURIComponent(JSON.stringify({ label: [`${prefix}=pruned`], until: ["2001-01-01"] }))}`)).text)).toEqual({ NetworksDeleted: null });
      expect(JSON.parse((await ask("POST", `/networks/prune?filters=${filters}`)).text)).toEqual({ NetworksDeleted: [`${prefix}-x`] });
    });

    test("what happened is told", async () => {
      const since = Math.floor(Date.now() / 1000) - 120;
      const filters = encodeURIComponent(JSON.stringify({ type: ["network"], network: [blue] }));
      const events = (await ask("GET", `/events?since=${since}&until=${Math.floor(Date.now() / 1000) + 1}&filters=${filters}`)).text.trim().split("\n").map((line) => JSON.parse(line) as { Action: string; Actor: { Attributes: Record<string, string> } });
      // Docker remembers the last 256 events, which others may have filled.
      const told = ["create", "connect", "disconnect"];
      expect(events.map(({ Action }) => Action)).toEqual(subject.kind === "docker" ? told.slice(-events.length) : told);
      const of = (action: string): Record<string, string> | undefined => events.find(({ Action }) => Action === action)?.Actor.Attributes;
      if (of("create")) expect(of("create")).toEqual({ name: blue, type: "bridge" });
      expect(Object.keys(of("disconnect") ?? {}).sort()).toEqual(["container", "name", "type"]);
    });
  });
}
