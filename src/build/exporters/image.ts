import { EngineError } from "../../base/mod.ts";
import type { BuiltImage, StoredBuild } from "../../image/mod.ts";
import { canonicalName, parseReference, withDefaultTag } from "../../spec/mod.ts";
import { shownAs, type ShownWork } from "../internal-vertex.ts";
import { withSteps } from "../known-steps.ts";
import type { BuildDeps } from "../ports.ts";
import type { BuildRequest, BuildResult } from "../request.ts";
import { annotationsFor } from "./annotations.ts";
import { isTrue } from "./boolean.ts";
import type { Exported, ExportOptions } from "./export.ts";
import { completeConfig } from "./image-config.ts";
import { provenanceMode, provenanceOf } from "./provenance.ts";
import { sbomOf, wantsSbom } from "./sbom.ts";

type ImageExporter = BuildRequest["exporters"][number];

/** Where images are named that only an archive is made of, or that other builds of the same client build on. */
export const EXPORTED = "hako.invalid/build/export";

const TITLES: Readonly<Record<string, string>> = { docker: "exporting to docker image format", oci: "exporting to oci image format" };

/** An image of this machine, a registry's, or one in an archive for the client. */
export async function exportImage(deps: BuildDeps, results: readonly Exported[], exporter: ImageExporter, index: number, options: ExportOptions): Promise<BuildResult> {
  const { request, tell, signal, client } = options;
  const names = namesOf(request, exporter);
  const isArchive = exporter.type === "docker" || exporter.type === "oci";
  const pushes = exporter.type === "registry" || isTrue(exporter.attrs["push"]);
  if (pushes && names.length === 0) throw new EngineError("InvalidParameter", "tag is needed when pushing to registry");
  return await shownAs(tell, TITLES[exporter.type] ?? "exporting to image", async (work) => {
    work.status("exporting layers");
    const provenance = exporter.type === "docker" ? undefined : provenanceMode(request);
    using clamped = new DisposableStack();
    const layersOf = await clampedLayers(deps, results, exporter, work, clamped, options);
    const images: BuiltImage[] = [];
    for (const result of layersOf) {
      const sbom = exporter.type !== "docker" && wantsSbom(request) ? await sbomOf(deps, result, names, options) : undefined;
      const statements = [...(sbom ? [sbom] : []), ...(provenance ? [provenanceOf(result, options, names, provenance)] : [])];
      images.push({ ...builtImage(deps, result, exporter, options), ...(statements.length > 0 && { statements: (manifest) => statements.flatMap((state) => state(manifest)) }) });
    }
    const indexAnnotations = annotationsFor("index", exporter.attrs, request.annotations, undefined);
    const isIndex = images.length > 1 || images.some(({ statements }) => statements !== undefined) || Object.keys(indexAnnotations).length > 0;
    // The archive's image is gone again when it is sent, one for other builds when the client is gone: a name of its own keeps it until then.
    const temporary = `${EXPORTED}:${crypto.randomUUID()}`;
    const isHeld = !isArchive && names.length === 0 && isTrue(exporter.attrs["hold"]) && client.hold !== undefined;
    const stored = await deps.images.add({ images, index: isIndex ? { annotations: indexAnnotations } : undefined, names: isArchive || isHeld ? [temporary] : names }, signal);
    if (isHeld) client.hold?.(() => deps.images.untag(temporary));
    work.done("exporting layers");
    if (isArchive) {
      try {
        await sendArchive(deps, temporary, names, index, work, options);
      } finally {
        await deps.images.untag(temporary);
      }
    } else await nameAndPush(deps, stored, names, pushes, work, options);
    return resultOf(stored, names);
  });
}

/** rewrite-timestamp: no file of the image's own layers is younger than the fixed time. */
async function clampedLayers(deps: BuildDeps, results: readonly Exported[], { attrs }: ImageExporter, work: ShownWork, held: DisposableStack, { epoch, signal }: ExportOptions): Promise<readonly Exported[]> {
  if (!isTrue(attrs["rewrite-timestamp"])) return results;
  if (epoch === undefined) {
    work.done("rewrite-timestamp is specified, but no source-date-epoch was found");
    return results;
  }
  const rewritten: Exported[] = [];
  for (const result of results) rewritten.push({ ...result, layers: held.use(await deps.images.clamp(result.layers, Math.floor(Date.parse(epoch) / 1000), signal)).layers });
  return rewritten;
}

function builtImage(deps: BuildDeps, { target, layers }: Exported, exporter: ImageExporter, { request, epoch }: ExportOptions): BuiltImage {
  return {
    config: withSteps(deps, completeConfig(target.config, layers, { epoch }), layers, request.cacheTo),
    archiveBytes: layers.map(({ archiveBytes }) => archiveBytes),
    annotations: annotationsFor("manifest", exporter.attrs, request.annotations, target.platform),
    descriptorAnnotations: annotationsFor("manifest-descriptor", exporter.attrs, request.annotations, target.platform),
  };
}

/** As -t and `name=` say, each once. */
function namesOf({ tags }: BuildRequest, { attrs }: ImageExporter): string[] {
  const written = [...tags, ...(attrs["name"] ?? "").split(",")].map((name) => name.trim()).filter((name) => name !== "");
  const names = new Map(written.map((name) => [checkedName(name), name]));
  return [...names.keys()];
}

function checkedName(name: string): string {
  const reference = withDefaultTag(parseReference(name));
  if (reference.digest !== undefined) throw new EngineError("InvalidParameter", `invalid tag ${JSON.stringify(name)}: a name with a digest cannot be given`);
  return canonicalName(reference);
}

async function sendArchive(deps: BuildDeps, temporary: string, names: readonly string[], index: number, work: ShownWork, { client, signal }: ExportOptions): Promise<void> {
  const output = await client.output(index);
  let sent = 0;
  for await (const bytes of await deps.images.archive(temporary, names, signal)) {
    await output.write(bytes);
    sent += bytes.length;
  }
  await output.end();
  work.done("sending tarball", sent, sent);
}

async function nameAndPush(deps: BuildDeps, { ids, descriptor }: StoredBuild, names: readonly string[], pushes: boolean, work: ShownWork, { request, signal }: ExportOptions): Promise<void> {
  work.done(ids.length > 1 ? `exporting manifest list ${descriptor.digest}` : `writing image ${ids[0]}`);
  for (const name of names) work.done(`naming to ${name}`);
  if (!pushes) return;
  for (const name of names) {
    work.status(`pushing ${name}`);
    await deps.images.push(name, request, work, signal);
    work.done(`pushing ${name}`);
  }
}

function resultOf({ ids, descriptor }: StoredBuild, names: readonly string[]): BuildResult {
  const [id] = ids;
  return {
    imageId: id,
    descriptor,
    metadata: {
      ...(ids.length === 1 && { "containerimage.config.digest": id }),
      "containerimage.descriptor": descriptor,
      "containerimage.digest": descriptor.digest,
      ...(names.length > 0 && { "image.name": names.join(",") }),
    },
  };
}

