/** nft(8) as a child: only at set-up and teardown, never per container. */
import { EngineError } from "../base/mod.ts";

export type NftFamily = "ip" | "ip6" | "inet" | "bridge";

/** All of the text or nothing of it is applied. @throws EngineError System with nft's own words */
export async function applyRuleset(text: string): Promise<void> {
  const { exitCode, stderr } = await nft(["-f", "-"], text);
  if (exitCode !== 0) throw new EngineError("System", `nft refused the engine's rules: ${stderr.trim()}`);
}

/** Whether this kernel would take the text. Nothing of it is applied. */
export async function takesRuleset(text: string): Promise<boolean> {
  return (await nft(["-c", "-f", "-"], text)).exitCode === 0;
}

/** The table's rules as text; undefined when there is no such table. */
export async function listTable(family: NftFamily, name: string): Promise<string | undefined> {
  const { exitCode, stdout } = await nft(["list", "table", family, name]);
  return exitCode === 0 ? stdout : undefined;
}

/** A table that is not there is done, and one of a family that the kernel has no tables for. @throws EngineError System */
export async function deleteTable(family: NftFamily, name: string): Promise<void> {
  try {
    // Adding first makes the deletion succeed either way.
    await applyRuleset(`add table ${family} ${name}\ndelete table ${family} ${name}\n`);
  } catch (error) {
    if ((await listTable(family, name)) !== undefined) throw error;
  }
}

export interface ForwardChain {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly policy: string;
  /** The table has the chain in which Docker leaves room for the administrator's rules. */
  readonly hasDockerUser: boolean;
  /** Interfaces whose packets the chain, or DOCKER-USER, accepts by name. */
  readonly admits: readonly string[];
}

interface NftObject {
  chain?: { family: string; table: string; name: string; hook?: string; policy?: string };
  rule?: { family: string; table: string; chain: string; expr: unknown[] };
}

/** Base chains that see forwarded IPv4 packets. Rules of the legacy iptables are not nft's to see. */
export async function listForwardPolicies(): Promise<ForwardChain[]> {
  const { exitCode, stdout } = await nft(["-j", "list", "ruleset"]);
  if (exitCode !== 0) return [];
  const { nftables } = JSON.parse(stdout) as { nftables: NftObject[] };
  const chains = nftables.flatMap(({ chain }) => chain ?? []);
  const rules = nftables.flatMap(({ rule }) => rule ?? []);
  return chains
    .filter(({ hook, family }) => hook === "forward" && (family === "ip" || family === "inet"))
    .map(({ family, table, name, policy = "accept" }) => ({
      family, table, chain: name, policy,
      hasDockerUser: chains.some((other) => other.family === family && other.table === table && other.name === "DOCKER-USER"),
      admits: rules.filter((rule) => rule.family === family && rule.table === table && [name, "DOCKER-USER"].includes(rule.chain)).flatMap(({ expr }) => admittedInterface(expr) ?? []),
    }));
}

export interface InputChain {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly policy: string;
  /** Its rules, as nft's JSON. */
  readonly rules: string;
}

/** Base chains that see IPv4 packets to this host. Rules of the legacy iptables are not nft's to see. */
export async function listInputChains(): Promise<InputChain[]> {
  const { exitCode, stdout } = await nft(["-j", "list", "ruleset"]);
  if (exitCode !== 0) return [];
  const { nftables } = JSON.parse(stdout) as { nftables: NftObject[] };
  return nftables
    .flatMap(({ chain }) => chain ?? [])
    .filter(({ hook, family }) => hook === "input" && (family === "ip" || family === "inet"))
    .map(({ family, table, name, policy = "accept" }) => ({ family, table, chain: name, policy, rules: JSON.stringify(nftables.filter(({ rule }) => rule?.family === family && rule.table === table && rule.chain === name)) }));
}

/** The name in `iifname "x" … accept`. */
function admittedInterface(expr: readonly unknown[]): string | undefined {
  if (!expr.some((part) => typeof part === "object" && part !== null && "accept" in part)) return undefined;
  for (const part of expr as { match?: { left?: { meta?: { key?: string } }; right?: unknown } }[])
    if (part.match?.left?.meta?.key === "iifname" && typeof part.match.right === "string") return part.match.right;
  return undefined;
}

async function nft(args: readonly string[], input = ""): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  let child;
  try {
    child = Bun.spawn(["nft", ...args], { stdin: Buffer.from(input), stdout: "pipe", stderr: "pipe", env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" } });
  } catch (error) {
    throw new EngineError("System", "nft is missing: install nftables (`apt-get install nftables`), or run containers with --network host or none", { cause: error });
  }
  const [stdout, stderr, exitCode] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { exitCode, stdout, stderr };
}
