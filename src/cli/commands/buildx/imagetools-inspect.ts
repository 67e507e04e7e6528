import { canonicalName, withDefaultTag, parseReference, type Descriptor, type ImageIndex } from "../../../spec/mod.ts";
import { fieldLines } from "../../buildx/field-lines.ts";
import { checkBuilder } from "../../buildx/only-builder.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { isList, RemoteManifests } from "../../manifest/remote.ts";
import { out, printable } from "../../output.ts";

export async function run({ flags, args: [name = ""], config }: Invocation): Promise<number> {
  checkBuilder(flags);
  const reference = withDefaultTag(parseReference(name));
  const repository = await new RemoteManifests(config, false).repository(reference);
  const { descriptor, bytes } = await repository.manifest(reference.digest ?? reference.tag ?? "latest").catch((error: unknown) => {
    const isMissing = error instanceof Error && "kind" in error && error.kind === "NotFound";
    throw isMissing ? new Failure(`ERROR: ${canonicalName(reference)}: not found`) : error;
  });
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
  const head = fieldLines([["Name", printable(name)], ["MediaType", mediaType], ["Digest", digest]]);
  if (manifests.length === 0) return head;
  const blocks = manifests.map(({ mediaType: own, digest: theirs, platform, annotations }) => {
    const where = platform ? [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/") : "";
    const notes = Object.entries(annotations ?? {}).map(([key, value]): [string, string] => [printable(key), printable(value)]);
    const lines = fieldLines([["Name", `${printable(name.replace(/[:@][^/]*$/, ""))}@${theirs}`], ["MediaType", own], ...(where ? [["Platform", printable(where)] as const] : [])], { indent: "  " });
    return lines + (notes.length > 0 ? `  Annotations:\n${fieldLines(notes, { indent: "    " })}` : "");
  });
  return `${head}\nManifests:\n${blocks.join("\n")}`;
}
