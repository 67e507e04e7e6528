import { defaultContext } from "../contexts/default-context.ts";
import { metaFolder, readContext, readTls, tlsFolder } from "../contexts/store.ts";
import type { Invocation } from "../command.ts";
import { DEFAULT_CONTEXT } from "../engine-choice.ts";
import { printInspected } from "../format/inspect.ts";

const IN_MEMORY = { MetadataPath: "<IN MEMORY>", TLSPath: "<IN MEMORY>" };

export function run({ flags, args, config, context, global }: Invocation): Promise<number> {
  const names = args.length === 0 ? [context] : args;
  return printInspected(names, async (name) => goJson(describe(name)), { format: flags.string("format") });

  function describe(name: string): object {
    if (name === DEFAULT_CONTEXT) return { ...defaultContext(global), TLSMaterial: {}, Storage: IN_MEMORY };
    const meta = readContext(config.folder, name);
    const material = Object.fromEntries(Object.entries(readTls(config.folder, name)).map(([endpoint, files]) => [endpoint, Object.keys(files)]));
    return { ...meta, TLSMaterial: material, Storage: { MetadataPath: metaFolder(config.folder, name), TLSPath: tlsFolder(config.folder, name) } };
  }
}

const ESCAPES: Readonly<Record<string, string>> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026" };
/** Go escapes what could be read as HTML. */
const goJson = (value: object): string => JSON.stringify(value).replace(/[<>&]/g, (letter) => ESCAPES[letter] ?? letter);
