import "./core.ts";
import type { PortSummary } from "../../spec/mod.ts";

interface Run {
  readonly prefix: string;
  readonly type: string;
  readonly first: number;
  last: number;
  readonly offset: number | undefined;
}

/** `0.0.0.0:8000-8002->80-82/tcp, 53/udp`: neighbouring ports become one range; those published under another number come last, as docker has it. */
export function displayPorts(ports: readonly PortSummary[]): string {
  if (ports.length === 0) return "";
  const sorted = ports.toSorted((a, b) => (a.PrivatePort ?? 0) - (b.PrivatePort ?? 0) || byText(a.IP, b.IP) || (a.PublicPort ?? 0) - (b.PublicPort ?? 0) || byText(a.Type, b.Type));
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
  const moved = (run: Run): boolean => run.offset !== undefined && run.offset !== 0;
  return [...runs.filter((run) => !moved(run)), ...runs.filter(moved)].map(formatRun).join(", ");
}

const byText = (a = "", b = ""): number => (a < b ? -1 : Number(a > b));

function formatRun({ prefix, type, first, last, offset }: Run): string {
  const range = (start: number, end: number) => (start === end ? String(start) : `${start}-${end}`);
  const inside = `${range(first, last)}/${type}`;
  return offset === undefined ? inside : `${prefix}${range(first + offset, last + offset)}->${inside}`;
}
