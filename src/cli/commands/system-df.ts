import { systemDf } from "../../client/mod.ts";
import type { SystemDataUsage } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { printListing, type Listing } from "../format/listing.ts";
import { humanSize } from "../format/size.ts";

interface Row {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly sizeBytes: number;
  readonly reclaimableBytes: number;
  /** Docker leaves the percentage out where there is nothing, and for build cache. */
  readonly percent: boolean;
}

export async function run({ flags, client }: Invocation): Promise<number> {
  const usage = await systemDf(client);
  if (flags.bool("verbose")) {
    const { printVerbose } = await import("./system-df-verbose.ts");
    return printVerbose(usage, flags.string("format"));
  }
  await printListing(summarise(usage), LISTING, { format: flags.string("format") });
  return 0;
}

export function summarise(usage: SystemDataUsage): Row[] {
  const images = usage.Images ?? [];
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const cache = usage.BuildCache ?? [];
  const runs = (state: string | undefined) => state === "running" || state === "paused" || state === "restarting";
  const usedImages = images.filter((image) => (image.Containers ?? 0) > 0);
  const usedBytes = sum(usedImages, (image) => (image.Size ?? 0) - Math.max(image.SharedSize ?? 0, 0));
  const volumeBytes = (among: typeof volumes) => sum(among, (volume) => Math.max(volume.UsageData?.Size ?? 0, 0));
  const layers = usage.LayersSize ?? 0;
  return [
    { type: "Images", total: images.length, active: usedImages.length, sizeBytes: layers, reclaimableBytes: Math.max(layers - usedBytes, 0), percent: true },
    {
      type: "Containers",
      total: containers.length,
      active: containers.filter(({ State }) => runs(State)).length,
      sizeBytes: sum(containers, ({ SizeRw }) => SizeRw ?? 0),
      reclaimableBytes: sum(containers.filter(({ State }) => !runs(State)), ({ SizeRw }) => SizeRw ?? 0),
      percent: true,
    },
    {
      type: "Local Volumes",
      total: volumes.length,
      active: volumes.filter((volume) => (volume.UsageData?.RefCount ?? 0) > 0).length,
      sizeBytes: volumeBytes(volumes),
      reclaimableBytes: volumeBytes(volumes.filter((volume) => (volume.UsageData?.RefCount ?? 0) <= 0)),
      percent: true,
    },
    {
      type: "Build Cache",
      total: cache.length,
      active: cache.filter(({ InUse }) => InUse).length,
      sizeBytes: sum(cache, ({ Shared, Size }) => (Shared ? 0 : (Size ?? 0))),
      reclaimableBytes: sum(cache, ({ Shared, InUse, Size }) => (Shared || InUse ? 0 : (Size ?? 0))),
      percent: false,
    },
  ];
}

function sum<T>(items: readonly T[], sizeOf: (item: T) => number): number {
  return items.reduce((total, item) => total + sizeOf(item), 0);
}

const LISTING: Listing<Row> = {
  fields: {
    Active: { heading: "ACTIVE", value: ({ active }) => String(active) },
    Reclaimable: {
      heading: "RECLAIMABLE",
      value: ({ reclaimableBytes, sizeBytes, percent }) => humanSize(reclaimableBytes, 4) + (percent && sizeBytes > 0 ? ` (${Math.trunc((reclaimableBytes * 100) / sizeBytes)}%)` : ""),
    },
    Size: { heading: "SIZE", value: ({ sizeBytes }) => humanSize(sizeBytes, 4) },
    TotalCount: { heading: "TOTAL", value: ({ total }) => String(total) },
    Type: { heading: "TYPE", value: ({ type }) => type },
  },
  table: ["Type", "TotalCount", "Active", "Size", "Reclaimable"],
  quiet: "Type",
  goType: "formatter.diskUsageImagesContext",
  raw: "type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\nreclaimable: {{.Reclaimable}}\n",
};
