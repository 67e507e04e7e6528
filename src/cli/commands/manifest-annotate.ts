import type { Platform } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { LocalLists, manifestReference } from "../manifest/local-lists.ts";
import { isKnownPlatform } from "../manifest/known-platforms.ts";

export async function run({ flags, args, config }: Invocation): Promise<number> {
  const [list = "", image = ""] = args;
  const target = parsed(list, "manifest list");
  const reference = parsed(image, "manifest");
  const lists = new LocalLists(config.folder);
  const manifest = lists.get(target, reference);
  if (!manifest) throw new Failure(`manifest for image ${image} does not exist in ${list}`);
  const { os, architecture, variant } = manifest.Descriptor.platform ?? { os: "", architecture: "" };
  const features = [...new Set([...(manifest.Descriptor.platform?.["os.features"] ?? []), ...(flags.list("os-features") ?? [])])];
  const version = flags.string("os-version") || manifest.Descriptor.platform?.["os.version"];
  const newVariant = flags.string("variant") || variant;
  const platform: Platform = {
    architecture: flags.string("arch") || architecture,
    os: flags.string("os") || os,
    ...(version && { "os.version": version }),
    ...(features.length > 0 && { "os.features": features }),
    ...(newVariant && { variant: newVariant }),
  };
  if (!isKnownPlatform(platform)) throw new Failure(`manifest entry for image has unsupported os/arch combination: ${flags.string("os") ?? ""}/${flags.string("arch") ?? ""}`);
  lists.put(target, reference, { ...manifest, Descriptor: { ...manifest.Descriptor, platform } });
  return 0;
}

function parsed(name: string, what: string): ReturnType<typeof manifestReference> {
  try {
    return manifestReference(name);
  } catch (error) {
    throw new Failure(`annotate: error parsing name for ${what} ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
