import { parseDigest, type Digest } from "../../spec/mod.ts";
import type { NewLayer } from "../../snapshot/mod.ts";
import type { CacheRecords, RecordKind } from "../cache/records.ts";
import type { LayerPort } from "../solver/ports.ts";
import type { LayerRef } from "../solver/types.ts";
import type { Sealed } from "../../layer-files/mod.ts";

/** How what was made is remembered. */
export interface Remembered {
  readonly kind: RecordKind;
  readonly description: string;
  readonly keys: readonly string[];
}

/** The id of a stack by the ids of what it consists of (OCI image spec, config.md#layer-chainid). */
export function chainOf(parent: Digest | undefined, diffID: Digest): Digest {
  return parent === undefined ? diffID : parseDigest(`sha256:${new Bun.CryptoHasher("sha256").update(`${parent} ${diffID}`).digest("hex")}`);
}

export interface Keeping {
  readonly layers: LayerPort;
  readonly records: CacheRecords;
}

/**
 * Puts a finished folder on top of a stack, with the record that keeps it, in one transaction. Work that came to the same layer as other work
 * before is given up for that.
 */
export function keepLayer({ layers, records }: Keeping, below: readonly LayerRef[], made: NewLayer, sealed: Pick<Sealed, "diffID" | "bytes"> & { readonly archiveBytes: number | undefined }, remembered: Remembered): readonly LayerRef[] {
  const diffID = parseDigest(sealed.diffID);
  const parent = below.at(-1);
  const chainID = chainOf(parent?.chainID, diffID);
  const known = layers.byChainID(chainID);
  const top: LayerRef = known ?? { n: made.n, chainID, diffID, size: sealed.bytes };
  records.db.transaction(() => {
    if (!known) layers.insert({ ...top, parent: parent?.n });
    if (!known && sealed.archiveBytes !== undefined) records.noteLayer(made.n, sealed.archiveBytes);
    records.add({ ...remembered, top: top.n, size: top.size, parents: parentRecords(records, below) });
  })();
  if (known) made[Symbol.dispose]();
  else layers.settle(made.n);
  return [...below, top];
}

/** Records of the stack below, the nearest one. */
export function parentRecords(records: CacheRecords, below: readonly LayerRef[]): string[] {
  for (const { n } of [...below].reverse()) {
    const record = records.byTop(n);
    if (record) return [record.id];
  }
  return [];
}
