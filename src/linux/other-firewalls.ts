/** What other programs of this host have put into nftables. Rules of the legacy iptables are not nft's to see. */
import { nft } from "./nftables.ts";

/** Whose table it is, where that says how its rules are changed for good. */
export type FirewallTool = "firewalld" | "ufw" | "docker" | undefined;

interface FilterChain {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** A packet that no rule of it knows is dropped or refused. */
  readonly drops: boolean;
  readonly tool: FirewallTool;
}

export interface ForwardChain extends FilterChain {
  /** Interfaces whose packets the table lets through by name. */
  readonly admits: readonly string[];
}

export interface InputChain extends FilterChain {
  /** Its rules, as nft's JSON. */
  readonly rules: string;
}

interface Rule {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly expr: readonly unknown[];
}

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}

interface Ruleset {
  readonly chains: readonly Chain[];
  readonly rules: readonly Rule[];
}

/** Base chains that see forwarded IPv4 packets. */
export async function listForwardChains(): Promise<ForwardChain[]> {
  const ruleset = await readRuleset();
  return baseChains(ruleset, "forward").map((chain) => ({ ...factsOf(ruleset, chain), admits: rulesOf(ruleset, chain).filter((rule) => /forward|fwd|docker-user/i.test(rule.chain)).flatMap(({ expr }) => admittedInterface(expr) ?? []) }));
}

/** Base chains that see IPv4 packets to this host. */
export async function listInputChains(): Promise<InputChain[]> {
  const ruleset = await readRuleset();
  return baseChains(ruleset, "input").map((chain) => ({ ...factsOf(ruleset, chain), rules: JSON.stringify(rulesOf(ruleset, chain).filter((rule) => rule.chain === chain.name)) }));
}

async function readRuleset(): Promise<Ruleset> {
  const { exitCode, stdout } = await nft(["-j", "list", "ruleset"]);
  const { nftables } = exitCode === 0 ? (JSON.parse(stdout) as { nftables: { chain?: Chain; rule?: Rule }[] }) : { nftables: [] };
  return { chains: nftables.flatMap(({ chain }) => chain ?? []), rules: nftables.flatMap(({ rule }) => rule ?? []) };
}

const baseChains = ({ chains }: Ruleset, wanted: string): Chain[] => chains.filter(({ hook, family }) => hook === wanted && (family === "ip" || family === "inet"));
const inTable = ({ family, table }: Chain) => (other: { family: string; table: string }): boolean => other.family === family && other.table === table;
const rulesOf = ({ rules }: Ruleset, chain: Chain): Rule[] => rules.filter(inTable(chain));

function factsOf(ruleset: Ruleset, chain: Chain): FilterChain {
  const last = rulesOf(ruleset, chain).filter((rule) => rule.chain === chain.name).at(-1);
  const names = ruleset.chains.filter(inTable(chain)).map(({ name }) => name);
  const tool = chain.table === "firewalld" ? "firewalld" : names.includes("ufw-user-forward") ? "ufw" : names.includes("DOCKER-USER") ? "docker" : undefined;
  return { family: chain.family, table: chain.table, chain: chain.name, drops: chain.policy === "drop" || (last !== undefined && refusesAll(last.expr)), tool };
}

const has = (part: unknown, key: string): boolean => typeof part === "object" && part !== null && key in part;

/** `drop` or `reject` without a condition. */
const refusesAll = (expr: readonly unknown[]): boolean => expr.some((part) => has(part, "drop") || has(part, "reject")) && !expr.some((part) => has(part, "match") || has(part, "limit") || has(part, "xt"));

/** The name in `iifname "x" … accept`, or `goto` of a chain of firewalld's that trusts. */
function admittedInterface(expr: readonly unknown[]): string | undefined {
  const passes = expr.some((part) => has(part, "accept")) || /"(?:goto|jump)":\{"target":"[^"]*trusted[^"]*"/.test(JSON.stringify(expr));
  if (!passes) return undefined;
  for (const part of expr as { match?: { left?: { meta?: { key?: string } }; right?: unknown } }[])
    if (part.match?.left?.meta?.key === "iifname" && typeof part.match.right === "string") return part.match.right;
  return undefined;
}
