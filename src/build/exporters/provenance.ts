import { EngineError } from "../../base/mod.ts";
import type { BuiltStatement } from "../../image/mod.ts";
import { digestHex, familiarRepository, parseReference, type Digest } from "../../spec/mod.ts";
import { platformText } from "../frontend/platform.ts";
import type { Platform } from "../graph/op.ts";
import type { BuildRequest } from "../request.ts";
import type { Exported, ExportOptions } from "./export.ts";

const PREDICATE = "https://slsa.dev/provenance/v0.2";
const BUILD_TYPE = "https://mobyproject.org/buildkit@v1";

type Mode = "min" | "max";

/** What --attest and --provenance ask for. @throws EngineError for what this engine cannot attest */
export function provenanceMode({ attests }: BuildRequest): { readonly mode: Mode; readonly attrs: Readonly<Record<string, string>> } | undefined {
  const wanted = attests.filter(({ disabled }) => !disabled);
  if (wanted.some(({ type }) => type === "sbom")) throw new EngineError("NotImplemented", "an SBOM is made by a scanner's image, which cannot be run yet: leave out --sbom and --attest type=sbom");
  const provenance = wanted.find(({ type }) => type === "provenance");
  if (!provenance) return undefined;
  const { mode = "min", version = "v0.2" } = provenance.attrs;
  if (mode !== "min" && mode !== "max") throw new EngineError("InvalidParameter", `invalid mode ${JSON.stringify(mode)}`);
  if (version !== "v0.2") throw new EngineError("InvalidParameter", `provenance of version ${version} is not supported: v0.2 is`);
  return { mode, attrs: provenance.attrs };
}

/** SLSA provenance as BuildKit states it, of one platform's image. */
export function provenanceOf({ target }: Exported, { request, startedMs, file }: ExportOptions, names: readonly string[], { mode, attrs }: NonNullable<ReturnType<typeof provenanceMode>>): (subject: Digest) => readonly BuiltStatement[] {
  const { platform, images } = target;
  const materials = images.map(({ ref, digest, id }) => ({ uri: packageURL(ref, platform), digest: { sha256: digestHex(digest ?? id) } }));
  const { context, dockerfile } = request;
  const remote = context.kind === "git" || context.kind === "http" ? { uri: context.url } : {};
  const entryPoint = dockerfile.kind === "text" ? dockerfile.name : dockerfile.path;
  const args = Object.fromEntries(Object.entries(request.buildArgs).map(([name, value]) => [`build-arg:${name}`, value]));
  const parameters = { frontend: "dockerfile.v0", ...(mode === "max" && { args: { ...args, ...(request.target !== "" && { target: request.target }) } }), ...(context.kind === "local" && { locals: [{ name: "context" }, { name: "dockerfile" }] }) };
  const source = { source: { infos: [{ filename: file.source.filename, language: "Dockerfile", data: Buffer.from(file.source.lines.join("\n")).toString("base64") }] } };
  const predicate = {
    builder: { id: attrs["builder-id"] ?? "" },
    buildType: BUILD_TYPE,
    materials,
    invocation: { configSource: { ...remote, entryPoint }, parameters, environment: { platform: platformText(platform) } },
    metadata: {
      buildInvocationID: request.buildRef || crypto.randomUUID(),
      buildStartedOn: new Date(startedMs).toISOString(),
      buildFinishedOn: new Date().toISOString(),
      completeness: { parameters: mode === "max", environment: true, materials: false },
      reproducible: ["1", "true"].includes(attrs["reproducible"] ?? ""),
      ...(mode === "max" && { [`${BUILD_TYPE}#metadata`]: source }),
    },
  };
  return (subject) => {
    const subjects = (names.length > 0 ? names.map((name) => packageURL(name, platform)) : ["_"]).map((name) => ({ name, digest: { sha256: digestHex(subject) } }));
    return [{ predicateType: PREDICATE, json: JSON.stringify({ _type: "https://in-toto.io/Statement/v0.1", predicateType: PREDICATE, subject: subjects, predicate }) }];
  };
}

/** `pkg:docker/busybox@latest?platform=linux%2Famd64` */
function packageURL(name: string, platform: Platform): string {
  const reference = parseReference(name);
  const version = reference.digest ?? reference.tag ?? "latest";
  return `pkg:docker/${familiarRepository(reference)}@${version}?platform=${encodeURIComponent(platformText(platform))}`;
}
