import type { Language } from "./words.ts";

/** Everything that `network explain` says; a table a language. */
export interface ReachWords {
  readonly notRunning: string;
  running(name: string, networks: string): string;
  hostNetwork(name: string): string;
  joined(name: string, container: string): string;
  noNetwork(name: string): string;
  readonly noPorts: string;
  readonly listens: Readonly<Record<"everywhere" | "loopback" | "nowhere" | "unknown", string>>;
  everyHost(from: string, target: string): string;
  everyHostIPv6(from: string, target: string): string;
  thisHost(from: string, target: string): string;
  oneAddress(from: string, target: string): string;
  routed(target: string): string;
  byKernel(element: string): string;
  readonly byEngine: string;
  readonly byNobody: string;
  neighbours(network: string, address: string, rule: string): string;
  noNeighbours(network: string): string;
  othersStopped(rule: string, command: string): string;
  unprotected(network: string, address: string): string;
  internal(network: string): string;
  macvlan(network: string, address: string): string;
  warning(sentence: string): string;
}

const english: ReachWords = {
  notRunning: "It does not run: nobody reaches it.",
  running: (name, networks) => `${name} runs on ${networks}.`,
  hostNetwork: (name) => `${name} has the host's network: what listens in it listens on the host, and no rule of the engine is in between.`,
  joined: (name, container) => `${name} has the network of the container ${container}: ask for that one.`,
  noNetwork: (name) => `${name} has no network: nobody reaches it.`,
  noPorts: "It exposes no port, publishes none, and no program in it listens.",
  listens: { everywhere: "a program in the container listens there", loopback: "the program in the container listens on 127.0.0.1 only: nobody outside of the container reaches it", nowhere: "no program in the container listens there: whoever comes is refused", unknown: "whether a program listens there cannot be seen" },
  everyHost: (from, target) => `every host that reaches this one: ${from} → ${target}`,
  everyHostIPv6: (from, target) => `every host that reaches this one over IPv6: ${from} → ${target}`,
  thisHost: (from, target) => `programs of this host, and nobody else: ${from} → ${target}`,
  oneAddress: (from, target) => `every host that reaches this address: ${from} → ${target}`,
  routed: (target) => `every host that has a route to the container: ${target}, its own address`,
  byKernel: (element) => `the kernel leads it by ${element}; also while no engine runs`,
  byEngine: "the engine passes the bytes on, as long as it runs; the container sees this host's address",
  byNobody: "the port is only kept: nothing leads from there to a container without IPv6",
  neighbours: (network, address, rule) => `containers on ${network}: ${address} (${rule})`,
  noNeighbours: (network) => `containers on ${network}: the network keeps its containers apart (chain bridge forward: meta iifgroup @apart meta oifgroup @apart drop)`,
  othersStopped: (rule, command) => `other hosts: not published (${rule}). Publish it: ${command}`,
  unprotected: (network, address) => `hosts that have a route to ${network}: ${address} (chain inet forward: iifname != @bridges meta nfproto . oifname @open accept)`,
  internal: (network) => `other hosts: ${network} is an internal network (chain inet forward: oifname @internal drop)`,
  macvlan: (network, address) => `hosts on the link of ${network}: ${address}, without any rule of the engine; this host itself does not`,
  warning: (sentence) => `In the way: ${sentence}`,
};

const japanese: ReachWords = {
  notRunning: "実行されていないため、どこからも届きません。",
  running: (name, networks) => `${name} は ${networks} で実行中です。`,
  hostNetwork: (name) => `${name} はホストのネットワークを使います。中で待ち受けるものはホストで待ち受け、エンジンの規則は間に入りません。`,
  joined: (name, container) => `${name} はコンテナ ${container} のネットワークを使います。そちらについて調べてください。`,
  noNetwork: (name) => `${name} にはネットワークがないため、どこからも届きません。`,
  noPorts: "公開・宣言されたポートはなく、待ち受けているプログラムもありません。",
  listens: { everywhere: "コンテナの中でプログラムが待ち受けています", loopback: "コンテナの中のプログラムは 127.0.0.1 だけで待ち受けており、コンテナの外からは届きません", nowhere: "コンテナの中で待ち受けるプログラムがなく、接続は拒否されます", unknown: "待ち受けているかどうかは分かりません" },
  everyHost: (from, target) => `このホストに届くすべてのホスト: ${from} → ${target}`,
  everyHostIPv6: (from, target) => `IPv6 でこのホストに届くすべてのホスト: ${from} → ${target}`,
  thisHost: (from, target) => `このホストのプログラムだけ: ${from} → ${target}`,
  oneAddress: (from, target) => `このアドレスに届くすべてのホスト: ${from} → ${target}`,
  routed: (target) => `コンテナへの経路を持つすべてのホスト: ${target}(コンテナ自身のアドレス)`,
  byKernel: (element) => `カーネルが ${element} によって導きます。エンジンが動いていない間も届きます`,
  byEngine: "エンジンが動いている間、エンジンがデータを中継します。コンテナにはこのホストのアドレスが見えます",
  byNobody: "ポートは確保されているだけで、IPv6 のないコンテナへは導かれません",
  neighbours: (network, address, rule) => `${network} のコンテナ: ${address} (${rule})`,
  noNeighbours: (network) => `${network} のコンテナ: このネットワークではコンテナ同士が隔離されています (チェーン bridge forward: meta iifgroup @apart meta oifgroup @apart drop)`,
  othersStopped: (rule, command) => `ほかのホスト: 公開されていません (${rule})。公開するには: ${command}`,
  unprotected: (network, address) => `${network} への経路を持つホスト: ${address} (チェーン inet forward: iifname != @bridges meta nfproto . oifname @open accept)`,
  internal: (network) => `ほかのホスト: ${network} は内部ネットワークです (チェーン inet forward: oifname @internal drop)`,
  macvlan: (network, address) => `${network} のリンク上のホスト: ${address}。エンジンの規則はありません。このホスト自身からは届きません`,
  warning: (sentence) => `妨げになるもの: ${sentence}`,
};

const TABLES: Readonly<Record<Language, ReachWords>> = { en: english, ja: japanese };

export const reachWordsOf = (language: Language): ReachWords => TABLES[language];
