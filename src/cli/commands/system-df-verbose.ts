import type { Volume } from "../../client/mod.ts";
import type { ContainerSummary, ImageSummary, SystemDataUsage } from "../../spec/mod.ts";
import { ago, goTime } from "../format/duration.ts";
import { printListing, type Listing } from "../format/listing.ts";
import { humanSize } from "../format/size.ts";
import { out } from "../output.ts";
import { imageListing, type ImageRow } from "./images.ts";
import { containerListing } from "./ps.ts";
import { VOLUMES } from "./volume-ls.ts";

/** `system df -v`: one table for each kind of object, or all of them through one template. */
export async function printVerbose(usage: SystemDataUsage, format: string | undefined): Promise<number> {
  if (format && format !== "table") {
    out((await import("./system-df-template.ts")).formatUsage(usage, format));
    return 0;
  }
  const { images, containers, volumes, cache } = listings(false);
  out("Images space usage:\n\n");
  await printListing((usage.Images ?? []).map(imageRow), images, {});
  out("\nContainers space usage:\n\n");
  await printListing(usage.Containers ?? [], containers, {});
  out("\nLocal Volumes space usage:\n\n");
  await printListing(usage.Volumes ?? [], volumes, {});
  const cacheBytes = (usage.BuildCache ?? []).reduce((total, { Size, Shared }) => total + (Shared ? 0 : (Size ?? 0)), 0);
  out(`\nBuild cache usage: ${humanSize(cacheBytes, 4)}\n\n`);
  await printListing(usage.BuildCache ?? [], cache, {});
  return 0;
}

type BuildCache = NonNullable<SystemDataUsage["BuildCache"]>[number];

interface Listings {
  readonly images: Listing<ImageRow>;
  readonly containers: Listing<ContainerSummary>;
  readonly volumes: Listing<Volume>;
  readonly cache: Listing<BuildCache>;
}

/** The columns of the lists of each kind, with what they take up. */
export function listings(whole: boolean): Listings {
  const containers = containerListing(whole, true);
  return {
  images: { ...imageListing(whole, false), table: ["Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers"] },
  containers: { ...containers, fields: { ...containers.fields, Size: { heading: "SIZE", value: ({ SizeRw }) => humanSize(SizeRw ?? 0) } }, table: ["ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names"] },
  volumes: { ...VOLUMES, table: ["Name", "Links", "Size"] },
  cache: cacheListing(whole),
  };
}

/** Only an image's first name is shown. */
export function imageRow(image: ImageSummary): ImageRow {
  const name = image.RepoTags?.[0] ?? "<none>:<none>";
  const colon = name.lastIndexOf(":");
  return { image: { ...image, SharedSize: Math.max(image.SharedSize ?? 0, 0) }, repository: name.slice(0, colon), tag: name.slice(colon + 1), digest: "" };
}

const since = (text: string | null | undefined): string => (text ? ago(new Date(text).getTime() / 1000) : "");
const at = (text: string | null | undefined): string => (text ? goTime(new Date(text).getTime()) : "");

const cacheListing = (whole: boolean): Listing<BuildCache> => ({
  fields: {
    CacheType: { heading: "CACHE TYPE", value: ({ Type = "" }) => Type },
    CreatedAt: { heading: "CREATED AT", value: ({ CreatedAt }) => at(CreatedAt) },
    CreatedSince: { heading: "CREATED", value: ({ CreatedAt }) => since(CreatedAt) },
    Description: { heading: "DESCRIPTION", value: ({ Description = "" }) => Description },
    ID: { heading: "CACHE ID", value: ({ ID = "" }) => (whole ? ID : ID.slice(0, 12)) },
    InUse: { heading: "IN USE", value: ({ InUse }) => String(InUse ?? false) },
    LastUsedAt: { heading: "LAST USED AT", value: ({ LastUsedAt }) => at(LastUsedAt) },
    LastUsedSince: { heading: "LAST USED", value: ({ LastUsedAt }) => since(LastUsedAt) },
    Shared: { heading: "SHARED", value: ({ Shared }) => String(Shared ?? false) },
    Size: { heading: "SIZE", value: ({ Size = 0 }) => humanSize(Size) },
    UsageCount: { heading: "USAGE", value: ({ UsageCount = 0 }) => String(UsageCount) },
  },
  table: ["ID", "CacheType", "Size", "CreatedSince", "LastUsedSince", "UsageCount", "Shared"],
  quiet: "ID",
  goType: "formatter.buildCacheContext",
});
