import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface DebianSource {
  readonly mirror: string;
  readonly suite: string;
}

/** Where a machine that is no Debian gets it from. */
const ELSEWHERE: DebianSource = { mirror: "http://deb.debian.org/debian", suite: "stable" };

/** What the machine's own apt takes Debian from (sources.list(5), both of its formats); Debian's own address on any other machine. */
export function debianSource(folder = "/etc/apt"): DebianSource {
  for (const text of sourceFiles(folder)) {
    const found = [...stanzas(text), ...lines(text)].find(isDebian);
    if (found) return found;
  }
  return ELSEWHERE;
}

function sourceFiles(folder: string): string[] {
  const parts = join(folder, "sources.list.d");
  const names = namesIn(parts).filter((name) => /\.(?:list|sources)$/.test(name)).sort();
  return ["sources.list", ...names.map((name) => join("sources.list.d", name))].map((name) => textOf(join(folder, name)));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The archive of releases, not that of security updates. */
const isDebian = ({ mirror, suite }: DebianSource): boolean => /^https?:\/\/.*\/debian$/.test(mirror) && /^[a-z]+$/.test(suite);

const source = (mirror: string, suite: string): DebianSource => ({ mirror: mirror.replace(/\/+$/, ""), suite });

function lines(text: string): DebianSource[] {
  return [...text.matchAll(/^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/gm)].map(([, mirror = "", suite = ""]) => source(mirror, suite));
}

function stanzas(text: string): DebianSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string[] => (new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, "im").exec(stanza)?.[1] ?? "").trim().split(/\s+/).filter(Boolean);
    if (!field("Types").includes("deb") || field("Enabled")[0] === "no") return [];
    return field("URIs").flatMap((mirror) => field("Suites").map((suite) => source(mirror, suite)));
  });
}
