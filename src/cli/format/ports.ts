import "./core.ts";
import type { PortSummary } from "../../spec/mod.ts";

interface Run {
  readonly prefix: string;
  readonly type: string;
  readonly first: number;
  last: number;
  readonly offset: number | undefined;
}

/** `0.0.0.0:8000-8002->80-82/tcp, 53/udp`: neighbouring ports become one range. */
export function displayPorts(ports: readonly PortSummary[]): string {
  if (ports.length === 0) return "";
  const sorted = ports.toSorted((a, b) => (a.Type ?? "").localeCompare(b.Type ?? "") || (a.PrivatePort ?? 0) - (b.PrivatePort ?? 0) || (a.PublicPort ?? 0) - (b.PublicPort ?? 0) || ((a.IP ?? "") < (b.IP ?? "") ? -1 : 1));
  const runs: Run[] = [];
  for (const port of sorted) {
    const number = port.PrivatePort ?? 0;
    const prefix = port.IP ? `${port.IP.includes(":") ? `[${port.IP}]` : port.IP}:` : "";
    const type = port.Type ?? "tcp";
    const offset = port.PublicPort ? port.PublicPort - number : undefined;
    const open = runs.find((run) => run.prefix === prefix && run.type === type && run.offset === offset && run.last + 1 === number && (offset === undefined || offset === 0));
    if (open) open.last = number;
    else runs.push({ prefix, type, first: number, last: number, offset });
  }
  const published = runs.filter((run) => run.offset !== undefined);
  const exposed = runs.filter((run) => run.offset === undefined);
  return [...published, ...exposed].map(formatRun).join(", ");
}

function formatRun({ prefix, type, first, last, offset }: Run): string {
  const range = (start: number, end: number) => (start === end ? String(start) : `${start}-${end}`);
  const inside = `${range(first, last)}/${type}`;
  return offset === undefined ? inside : `${prefix}${range(first + offset, last + offset)}->${inside}`;
}
