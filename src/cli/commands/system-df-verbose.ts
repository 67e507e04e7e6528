import type { ContainerSummary, SystemDataUsage } from "../../spec/mod.ts";
import { alignTabs } from "../format/columns.ts";
import { ago } from "../format/duration.ts";
import { ellipsis, shortId } from "../format/names.ts";
import { humanSize } from "../format/size.ts";
import { out, printable } from "../output.ts";

/** `system df -v`: one table for each kind of object. */
export async function printVerbose(usage: SystemDataUsage, format: string | undefined): Promise<number> {
  if (format) {
    const { inspectTemplate } = await import("../format/inspect-template.ts");
    out(`${inspectTemplate(format === "json" ? "{{json .}}" : format)(usage)}\n`);
    return 0;
  }
  out(`Images space usage:\n\n${imageTable(usage)}\n`);
  out(`Containers space usage:\n\n${containerTable(usage)}\n`);
  out(`Local Volumes space usage:\n\n${volumeTable(usage)}\n`);
  out(`Build cache usage: ${humanSize((usage.BuildCache ?? []).reduce((total, { Size, Shared }) => total + (Shared ? 0 : (Size ?? 0)), 0), 4)}\n\n${cacheTable(usage)}`);
  return 0;
}

const table = (rows: ReadonlyArray<readonly string[]>): string => `${alignTabs(rows.map((row) => row.map(printable).join("\t")).join("\n"))}\n`;

function imageTable(usage: SystemDataUsage): string {
  const rows = (usage.Images ?? []).map((image) => {
    const name = image.RepoTags?.[0] ?? "<none>:<none>";
    const colon = name.lastIndexOf(":");
    const shared = Math.max(image.SharedSize ?? 0, 0);
    return [name.slice(0, colon), name.slice(colon + 1), shortId(image.Id ?? ""), ago(image.Created ?? 0), humanSize(image.Size ?? 0), humanSize(shared, 4), humanSize((image.Size ?? 0) - shared, 4), String(image.Containers ?? 0)];
  });
  return table([["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "SHARED SIZE", "UNIQUE SIZE", "CONTAINERS"], ...rows]);
}

function containerTable(usage: SystemDataUsage): string {
  const names = ({ Names }: ContainerSummary) => (Names ?? []).map((name) => name.replace(/^\//, "")).join(",");
  const rows = (usage.Containers ?? []).map((container) => [
    shortId(container.Id ?? ""),
    container.Image ?? "",
    JSON.stringify(ellipsis(container.Command ?? "", 20)),
    String((container.Mounts ?? []).filter((mount) => mount.Driver === "local").length),
    humanSize(container.SizeRw ?? 0),
    ago(container.Created ?? 0),
    container.Status ?? "",
    names(container),
  ]);
  return table([["CONTAINER ID", "IMAGE", "COMMAND", "LOCAL VOLUMES", "SIZE", "CREATED", "STATUS", "NAMES"], ...rows]);
}

function volumeTable(usage: SystemDataUsage): string {
  const rows = (usage.Volumes ?? []).map((volume) => [volume.Name ?? "", String(volume.UsageData?.RefCount ?? 0), humanSize(Math.max(volume.UsageData?.Size ?? 0, 0))]);
  return table([["VOLUME NAME", "LINKS", "SIZE"], ...rows]);
}

function cacheTable(usage: SystemDataUsage): string {
  const since = (text: string | null | undefined) => (text ? ago(new Date(text).getTime() / 1000) : "");
  const rows = (usage.BuildCache ?? []).map((item) => [item.ID?.slice(0, 12) ?? "", item.Type ?? "", humanSize(item.Size ?? 0), since(item.CreatedAt), since(item.LastUsedAt), String(item.UsageCount ?? 0), String(item.Shared ?? false)]);
  return table([["CACHE ID", "CACHE TYPE", "SIZE", "CREATED", "LAST USED", "USAGE", "SHARED"], ...rows]);
}
