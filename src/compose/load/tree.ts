import { canonical } from "../canonical/canonical.ts";
import { withDefaults } from "../canonical/defaults.ts";
import { resolvePaths } from "../canonical/paths.ts";
import { validateTree } from "../check/validate.ts";
import { mergeProject } from "../merge/merge.ts";
import { enforceUnique } from "../merge/unique.ts";
import { checkSchema } from "../schema/check.ts";
import { EMPTY_MAPPING, withEntries, type MappingNode } from "../tree/node.ts";
import { readFile, type FileContext } from "./documents.ts";
import { applyExtends } from "./extends.ts";
import { applyIncludes } from "./include.ts";
import { resolveEnvironment } from "./resolve-environment.ts";

/** The files as one project in canonical form. @throws ComposeError */
export function loadTree(files: readonly string[], context: FileContext): MappingNode {
  let project = EMPTY_MAPPING;
  for (const file of files) for (const document of readFile(file, context)) project = withDocument(project, document, file, context);
  project = withDefaults(project);
  validateTree(project);
  if (context.steps.resolvePaths || context.including.length > 0) project = resolvePaths(project, context);
  return resolveEnvironment(project, context.environment);
}

function withDocument(project: MappingNode, document: MappingNode, file: string, context: FileContext): MappingNode {
  const { steps, warn } = context;
  const whole = applyIncludes(applyExtends(document, file, context), file, context, loadTree);
  let merged = enforceUnique(mergeProject(project, whole));
  checkSchema(merged, file);
  if (merged.entries.has("version")) {
    warn(`${file}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`);
    merged = withEntries(merged, { version: undefined });
  }
  // Ranges of ports are several items only now.
  return enforceUnique(canonical(merged, { lenient: !steps.interpolate, warn }));
}
