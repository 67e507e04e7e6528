import { ComposeError } from "../errors.ts";
import type { Node, Source } from "../tree/node.ts";
import { readQuickly } from "./quick.ts";

const MAX_BYTES = 8 << 20;

/** The documents of a YAML text. @throws ComposeError for text that is no YAML or goes beyond the limits */
export function readYaml(source: Source): Node[] {
  if (source.text.length > MAX_BYTES) throw new ComposeError(`failed to parse ${source.file}: the file is larger than ${MAX_BYTES >> 20} MiB`);
  const quick = readQuickly(source);
  if (quick) return [quick];
  // The library is loaded for the files that need it: it costs as much as all the rest of a small project.
  const { readThoroughly } = require("./thorough.ts") as typeof import("./thorough.ts");
  return readThoroughly(source);
}
