import { samePlatform, parsePlatform } from "../frontend/platform.ts";
import type { Platform } from "../graph/op.ts";
import type { BuildRequest } from "../request.ts";

type Level = BuildRequest["annotations"][number]["level"];

/** Of one document: those asked for apart, and `annotation[-level][[platform]].KEY=value` of an exporter. */
export function annotationsFor(level: Level, attrs: Readonly<Record<string, string>>, asked: BuildRequest["annotations"], platform: Platform | undefined): Readonly<Record<string, string>> {
  const fits = (wanted: Platform | undefined): boolean => wanted === undefined || (platform !== undefined && samePlatform(wanted, platform));
  const own = asked.filter((annotation) => annotation.level === level && fits(annotation.platform)).map(({ key, value }) => [key, value]);
  const ofExporter = Object.entries(attrs).flatMap(([name, value]) => {
    const [, written = "manifest", wanted, key] = /^annotation(?:-(manifest|index|manifest-descriptor|index-descriptor))?(?:\[([^\]]+)\])?\.(.+)$/.exec(name) ?? [];
    return key !== undefined && written === level && fits(wanted === undefined ? undefined : parsePlatform(wanted)) ? [[key, value]] : [];
  });
  return Object.fromEntries([...ofExporter, ...own]);
}
