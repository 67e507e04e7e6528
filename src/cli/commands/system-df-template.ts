import type { SystemDataUsage } from "../../spec/mod.ts";
import { Template, TemplateError } from "../../template/mod.ts";
import { Failure } from "../failure.ts";
import { formatListing, lookupField, rowData } from "../format/listing-template.ts";
import { imageRow, listings } from "./system-df-verbose.ts";

/** `system df -v --format`: rows of every kind as one value, with whole ids. */
export function formatUsage(usage: SystemDataUsage, format: string): string {
  const { images, containers, volumes, cache } = listings(true);
  const imageRows = (usage.Images ?? []).map(imageRow);
  if (format === "raw") {
    const containerRaw = { ...containers, raw: `type: Container\n${containers.raw ?? ""}` };
    const imageRaw = { ...images, raw: `type: Image\n${(images.raw ?? "").replace("image_id", "digest: {{.Digest}}\nimage_id")}` };
    const volumeRaw = { ...volumes, raw: `type: Volume\n${volumes.raw ?? ""}` };
    return formatListing(imageRows, imageRaw, format, false) + formatListing(usage.Containers ?? [], containerRaw, format, false) + formatListing(usage.Volumes ?? [], volumeRaw, format, false);
  }
  const data = {
    Images: imageRows.map((row) => rowData(row, images)),
    Containers: (usage.Containers ?? []).map((row) => rowData(row, containers)),
    Volumes: (usage.Volumes ?? []).map((row) => rowData(row, volumes)),
    BuildCache: (usage.BuildCache ?? []).map((row) => rowData(row, cache)),
  };
  try {
    return `${new Template(format === "json" ? "{{json .}}" : format).run(data, { lookup: (value, name) => lookupField(value, name, "formatter.diskUsageContext") })}${format === "json" ? "\n" : ""}`;
  } catch (error) {
    throw error instanceof TemplateError ? new Failure(error.message) : error;
  }
}
