import type { SystemDataUsage } from "../../spec/mod.ts";
import { ago, goTime } from "../format/duration.ts";
import { alignTabs } from "../format/columns.ts";
import { humanSize } from "../format/size.ts";
import { printable } from "../output.ts";
import { fieldLines } from "./field-lines.ts";

/** Where docker puts the values of its blocks. */
const VALUE_COLUMN = 14;

export type CacheRow = NonNullable<SystemDataUsage["BuildCache"]>[number];

const isMutable = ({ Type = "" }: CacheRow): boolean => Type === "exec.cachemount" || Type.startsWith("source.");

/** Docker's four columns. */
export function cacheTable(rows: readonly CacheRow[]): string {
  const lines = rows.map((row) => [`${printable(row.ID ?? "")}${isMutable(row) ? "*" : ""}`, String(!row.InUse), humanSize(row.Size ?? 0, 4), row.LastUsedAt ? ago(Date.parse(row.LastUsedAt) / 1000) : ""].join("\t"));
  return `${alignTabs(["ID\tRECLAIMABLE\tSIZE\tLAST ACCESSED", ...lines].join("\n"), 0)}\n`;
}

/** Everything of each record, a block each. */
export function cacheBlocks(rows: readonly CacheRow[]): string {
  return rows
    .map((row) => {
      const fields: [string, string | undefined][] = [
        ["ID", row.ID],
        ["Parents", row.Parents?.join(", ")],
        ["Created at", row.CreatedAt && goTime(Date.parse(row.CreatedAt))],
        ["Mutable", String(isMutable(row))],
        ["Reclaimable", String(!row.InUse)],
        ["Shared", String(row.Shared ?? false)],
        ["Size", humanSize(row.Size ?? 0, 4)],
        ["Description", row.Description],
        ["Usage count", String(row.UsageCount ?? 0)],
        ["Last used", row.LastUsedAt ? ago(Date.parse(row.LastUsedAt) / 1000) : undefined],
        ["Type", row.Type],
      ];
      const shown = fields.flatMap(([name, value]): [string, string][] => (value ? [[name, printable(value)]] : []));
      return `${fieldLines(shown, { width: VALUE_COLUMN })}\n`;
    })
    .join("");
}

/** The sums under the list; two sizes only where something is shared. */
export function cacheTotals(rows: readonly CacheRow[]): string {
  const sum = (which: (row: CacheRow) => boolean): string => humanSize(rows.filter(which).reduce((total, { Size = 0 }) => total + Size, 0), 4);
  const shared = rows.some(({ Shared }) => Shared) ? `Shared:\t\t${sum(({ Shared }) => Shared === true)}\nPrivate:\t${sum(({ Shared }) => !Shared)}\n` : "";
  return `${shared}Reclaimable:\t${sum(({ InUse }) => !InUse)}\nTotal:\t\t${sum(() => true)}\n`;
}
