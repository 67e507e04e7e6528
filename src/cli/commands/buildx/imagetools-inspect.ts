import { canonicalName, withDefaultTag, parseReference, type Descriptor, type ImageIndex } from "../../../spec/mod.ts";
import { checkBuilder } from "../../buildx/only-builder.ts";
import type { Invocation } from "../../command.ts";
import { alignTabs } from "../../format/columns.ts";
import { isList, RemoteManifests } from "../../manifest/remote.ts";
import { out, printable } from "../../output.ts";

export async function run({ flags, args: [name = ""], config }: Invocation): Promise<number> {
  checkBuilder(flags);
  const reference = withDefaultTag(parseReference(name));
  const repository = await new RemoteManifests(config, false).repository(reference);
  const { descriptor, bytes } = await repository.manifest(reference.digest ?? reference.tag ?? "latest");
  if (flags.bool("raw")) {
    out(bytes);
    return 0;
  }
  const document = JSON.parse(Buffer.from(bytes).toString("utf8")) as ImageIndex;
  const format = flags.string("format");
  if (format) {
    const manifest = { ...document, digest: descriptor.digest, size: descriptor.size };
    const { inspectTemplate } = await import("../../format/inspect-template.ts");
    out(`${inspectTemplate(format === "json" ? "{{json .}}" : format)({ Name: canonicalName(reference), Manifest: manifest })}\n`);
    return 0;
  }
  out(described(canonicalName(reference), descriptor, isList(descriptor) ? document.manifests : []));
  return 0;
}

function described(name: string, { mediaType, digest }: Pick<Descriptor, "mediaType" | "digest">, manifests: readonly Descriptor[]): string {
  const head = alignTabs(`Name:\t${printable(name)}\nMediaType:\t${mediaType}\nDigest:\t${digest}\n`, 11);
  if (manifests.length === 0) return head;
  const blocks = manifests.map(({ mediaType: own, digest: theirs, platform, annotations }) => {
    const where = platform ? [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/") : "";
    const notes = Object.entries(annotations ?? {}).map(([key, value]) => `    ${printable(key)}:\t${printable(value)}\n`);
    return alignTabs(`  Name:\t${printable(name)}@${theirs}\n  MediaType:\t${own}\n${where ? `  Platform:\t${printable(where)}\n` : ""}`, 13) + (notes.length > 0 ? `  Annotations:\n${notes.join("")}` : "");
  });
  return `${head}\nManifests:\n${blocks.join("\n")}`;
}
