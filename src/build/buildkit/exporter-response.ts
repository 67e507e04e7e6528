import type { BuildResult } from "../../spec/mod.ts";

/** All values are texts: an object is its JSON in base64. */
export function exporterResponse({ metadata }: BuildResult): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, typeof value === "string" ? value : Buffer.from(JSON.stringify(value)).toString("base64")]));
}
