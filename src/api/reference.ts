import type { Route } from "./route.ts";
import { routes } from "./routes.ts";
import { API_VERSION, MIN_API_VERSION } from "./version.ts";

const INTRODUCTION = `# API reference

Made from the routes (\`src/api\`): \`bun src/api/reference.ts > docs/api.md\`. The shapes are those of the Docker Engine API
v${API_VERSION}; every version from ${MIN_API_VERSION} on is accepted as a prefix of the path (\`/v1.43/containers/json\`). Failures are
\`{"message": "…"}\`. A status that every endpoint can answer is not repeated below: 400 for a malformed request or a version out of
range, 500 when the engine or the kernel failed.
`;

function endpoint(route: Route): string {
  const parameters = Object.entries(route.query).map(([name, { type, about, names }]) => `- \`${name}\` (${type}): ${about}${names ? ` Names: ${names.join(", ")}.` : ""}\n`);
  const statuses = [...route.success, ...route.failures].join(", ");
  const body = route.body ? `Body: \`${route.body.type}\` as JSON${route.bodyOptional ? ", optional" : ""}. ` : "";
  return `### ${route.method} ${route.path}\n\n${route.summary}\n\n${parameters.join("")}${parameters.length > 0 ? "\n" : ""}${body}Status: ${statuses}.\n`;
}

/** Groups by the first segment, in the order of the routes. */
function groups(all: readonly Route[]): Map<string, Route[]> {
  const grouped = new Map<string, Route[]>();
  for (const route of all) {
    const name = route.path.split("/")[1] ?? "";
    const group = grouped.get(name);
    if (group) group.push(route);
    else grouped.set(name, [route]);
  }
  return grouped;
}

/** The reference as Markdown. */
export function renderReference(all: readonly Route[] = routes): string {
  const sections = [...groups(all)].map(([name, group]) => `## ${name}\n\n${group.map(endpoint).join("\n")}`);
  return `${INTRODUCTION}\n${sections.join("\n")}`;
}

if (import.meta.main) process.stdout.write(renderReference());
