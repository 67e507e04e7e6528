import { english } from "./english.ts";
import { japanese } from "./japanese.ts";

/** Everything that `explain` says; a table a language. */
export interface Words {
  containerOf(name: string, image: string): string;
  image(name: string, platform: string): string;
  running(pid: number): string;
  paused(pid: number): string;
  exited(code: number, oomKilled: boolean): string;
  otherState(status: string): string;
  health(status: string): string;
  readonly writableLayer: string;
  readonly writableMeaning: string;
  changes(added: number, changed: number, deleted: number): string;
  readonly unchanged: string;
  moreChanges(count: number, name: string): string;
  readonly folder: string;
  layersOf(image: string): string;
  readonly layersMeaning: string;
  readonly settingOnly: string;
  readonly unknownInstruction: string;
  readonly labels: Readonly<Record<"process" | "namespaces" | "privileges" | "limits" | "mounts" | "network" | "log" | "end" | "runs" | "environment" | "ports" | "volumes", string>>;
  process(command: string, user: string, workingDir: string): string;
  ownNamespaces(names: string): string;
  sharedWithHost(names: string): string;
  sharedWith(names: string, container: string): string;
  readonly privileged: string;
  readonly defaultCapabilities: string;
  capabilities(added: string, dropped: string): string;
  readonly seccomp: Readonly<Record<"default" | "own" | "none", string>>;
  readonly noNewPrivileges: string;
  readonly readOnlyRoot: string;
  readonly noLimits: string;
  memory(size: string): string;
  cpus(count: number): string;
  cpuSet(set: string): string;
  cpuShares(shares: number): string;
  pids(count: number): string;
  mount(type: string, writable: boolean, removed: boolean): string;
  readonly noMounts: string;
  readonly noNetwork: string;
  readonly hostNetwork: string;
  joinedNetwork(container: string): string;
  address(network: string, address: string, gateway: string): string;
  notConnected(network: string): string;
  published(ports: string): string;
  log(driver: string, name: string): string;
  restart(policy: string): string;
  readonly removedAtEnd: string;
  removedByHand(name: string): string;
  nothing: string;
}

const TABLES = { en: english, ja: japanese };
export type Language = keyof typeof TABLES;
export const LANGUAGES = Object.keys(TABLES) as readonly Language[];

export const wordsOf = (language: Language): Words => TABLES[language];

/** As POSIX orders the variables; what is not Japanese is English. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = env["LC_ALL"] || env["LC_MESSAGES"] || env["LANG"] || "";
  return /^ja(?:[_.@-]|$)/i.test(locale) ? "ja" : "en";
}
