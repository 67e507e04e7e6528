import { checkDockerfile, renderExcerpt, type CheckResult, type Dockerfile } from "../dockerfile/mod.ts";
import type { Digest } from "../spec/mod.ts";
import type { Target } from "./frontend/convert.ts";
import { forgivingMatcher } from "./frontend/ignore-file.ts";
import { argumentPlatform, OWN_PLATFORM } from "./frontend/platform.ts";
import type { Platform } from "./graph/op.ts";
import type { Vertex } from "./graph/vertex.ts";
import type { Tell } from "./internal-vertex.ts";
import type { BuildRequest } from "./request.ts";

/** The build checks; without a target those that need no base's config. */
export function checkFile(file: Dockerfile, request: BuildRequest, platform: Platform, target: Target | undefined): CheckResult {
  const { buildArgs, checkOptions } = request;
  const configs = new Map(target?.images.map(({ ref, config }) => [ref, config.config ?? {}]));
  return checkDockerfile(file, {
    buildArgs: checkOptions === "" ? buildArgs : { ...buildArgs, BUILDKIT_DOCKERFILE_CHECK: checkOptions },
    buildPlatform: argumentPlatform(OWN_PLATFORM),
    targetPlatform: argumentPlatform(platform),
    ...(request.target !== "" && { target: request.target }),
    onlyNeeded: request.call !== "check",
    mismatch: (stage) => target?.mismatches.get(stage),
    baseConfig: (name) => configs.get(name),
    ignore: forgivingMatcher(contextIgnore(request, target)),
  });
}

/** What .dockerignore leaves out of the context, when a step that is built reads it. */
function contextIgnore({ context }: BuildRequest, target: Target | undefined): readonly string[] {
  if (context.kind !== "local") return [];
  const seen = new Set<Vertex>();
  const open = target?.steps.flatMap(({ vertex }) => vertex ?? []) ?? [];
  for (let vertex = open.pop(); vertex !== undefined; vertex = open.pop()) {
    if (seen.has(vertex)) continue;
    seen.add(vertex);
    const { op } = vertex;
    if (op.kind === "local" && op.name === context.folder) return op.ignore;
    open.push(...vertex.inputs);
  }
  return [];
}

export function tellWarnings(tell: Tell, file: Dockerfile, vertex: Digest, { warnings }: CheckResult): void {
  for (const { rule, description, url, detail, range } of warnings) {
    const excerpt = renderExcerpt(file.source, [range]);
    tell({ type: "warning", vertex, warning: { rule, description, url, detail, fileName: file.source.filename, line: range.start.line, excerpt } });
  }
}
