import { EngineError } from "../../base/mod.ts";
import type { BuiltStatement } from "../../image/mod.ts";
import { digestHex, familiarRepository, parseReference, type Digest } from "../../spec/mod.ts";
import { platformText } from "../frontend/platform.ts";
import type { Platform } from "../graph/op.ts";
import type { BuildRequest } from "../request.ts";
import type { Exported, ExportOptions } from "./export.ts";

const PREDICATE = "https://slsa.dev/provenance/v0.2";
const BUILD_TYPE = "https://mobyproject.org/buildkit@v1";
const PREDICATE_V1 = "https://slsa.dev/provenance/v1";
const BUILD_TYPE_V1 = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md";
export const STATEMENT = "https://in-toto.io/Statement/v0.1";

type Mode = "min" | "max";
type Wish = NonNullable<ReturnType<typeof provenanceMode>>;

/** What --attest and --provenance ask for. @throws EngineError for what this engine cannot attest */
export function provenanceMode({ attests }: BuildRequest): { readonly mode: Mode; readonly attrs: Readonly<Record<string, string>> } | undefined {
  const wanted = attests.filter(({ disabled }) => !disabled);
  const provenance = wanted.find(({ type }) => type === "provenance");
  if (!provenance) return undefined;
  const { mode = "min", version = "v0.2" } = provenance.attrs;
  if (mode !== "min" && mode !== "max") throw new EngineError("InvalidParameter", `invalid mode ${JSON.stringify(mode)}`);
  if (version !== "v0.2" && version !== "v1") throw new EngineError("InvalidParameter", `invalid provenance version ${JSON.stringify(version)}: v0.2 and v1 are known`);
  return { mode, attrs: provenance.attrs };
}

/** SLSA provenance of one platform's image, as a statement about it by its names. */
export function provenanceOf(exported: Exported, options: ExportOptions, names: readonly string[], wish: Wish): (subject: Digest) => readonly BuiltStatement[] {
  const { predicateType, predicate } = provenance(exported, options, wish);
  return (subject) => [{ predicateType, json: JSON.stringify({ _type: STATEMENT, predicateType, subject: subjectsOf(subject, names, exported.target.platform), predicate }) }];
}

/** SLSA provenance, of version 0.2 or 1, as BuildKit states it. */
export function provenance({ target }: Exported, { request, startedMs, file }: Pick<ExportOptions, "request" | "startedMs" | "file">, { mode, attrs }: Wish): { readonly predicateType: string; readonly predicate: object } {
  const { platform, images } = target;
  const materials = images.map(({ ref, digest, id }) => ({ uri: packageURL(ref, platform), digest: { sha256: digestHex(digest ?? id) } }));
  const { context, dockerfile } = request;
  const remote = context.kind === "git" || context.kind === "http" ? { uri: context.url } : {};
  const entryPoint = dockerfile.kind === "text" ? dockerfile.name : dockerfile.path;
  const args = Object.fromEntries(Object.entries(request.buildArgs).map(([name, value]) => [`build-arg:${name}`, value]));
  const parameters = { frontend: "dockerfile.v0", ...(mode === "max" && { args: { ...args, ...(request.target !== "" && { target: request.target }) } }), ...(context.kind === "local" && { locals: [{ name: "context" }, { name: "dockerfile" }] }) };
  const source = { source: { infos: [{ filename: file.source.filename, language: "Dockerfile", data: Buffer.from(file.source.lines.join("\n")).toString("base64") }] } };
  const facts: Facts = {
    builder: { id: attrs["builder-id"] ?? "" }, materials, remote, entryPoint, parameters, platform: platformText(platform), isComplete: mode === "max", isReproducible: ["1", "true"].includes(attrs["reproducible"] ?? ""),
    invocation: request.buildRef || crypto.randomUUID(), startedOn: new Date(startedMs).toISOString(), finishedOn: new Date().toISOString(), source: mode === "max" ? source : undefined,
  };
  return attrs["version"] === "v1" ? { predicateType: PREDICATE_V1, predicate: predicateV1(facts) } : { predicateType: PREDICATE, predicate: predicateV02(facts) };
}

/** Of one image, as either version states them. */
interface Facts {
  readonly builder: { readonly id: string };
  readonly materials: readonly { readonly uri: string; readonly digest: object }[];
  readonly remote: { readonly uri?: string };
  readonly entryPoint: string;
  readonly parameters: object;
  readonly platform: string;
  readonly isComplete: boolean;
  readonly isReproducible: boolean;
  readonly invocation: string;
  readonly startedOn: string;
  readonly finishedOn: string;
  readonly source: object | undefined;
}

function predicateV02({ builder, materials, remote, entryPoint, parameters, platform, isComplete, isReproducible, invocation, startedOn, finishedOn, source }: Facts): object {
  return {
    builder,
    buildType: BUILD_TYPE,
    materials,
    invocation: { configSource: { ...remote, entryPoint }, parameters, environment: { platform } },
    metadata: {
      buildInvocationID: invocation,
      buildStartedOn: startedOn,
      buildFinishedOn: finishedOn,
      completeness: { parameters: isComplete, environment: true, materials: false },
      reproducible: isReproducible,
      ...(source && { [`${BUILD_TYPE}#metadata`]: source }),
    },
  };
}

function predicateV1({ builder, materials, remote, entryPoint, parameters, platform, isComplete, isReproducible, invocation, startedOn, finishedOn, source }: Facts): object {
  return {
    buildDefinition: {
      buildType: BUILD_TYPE_V1,
      externalParameters: { configSource: { ...remote, path: entryPoint }, request: parameters },
      internalParameters: { builderPlatform: platform },
      resolvedDependencies: materials,
    },
    runDetails: {
      builder,
      metadata: { invocationID: invocation, startedOn, finishedOn, ...(source && { buildkit_metadata: source }), buildkit_completeness: { request: isComplete, resolvedDependencies: false }, ...(isReproducible && { buildkit_reproducible: true }) },
    },
  };
}

/** What a statement is about: the manifest, by the names that it is given. */
export function subjectsOf(manifest: Digest, names: readonly string[], platform: Platform): readonly object[] {
  return (names.length > 0 ? names.map((name) => packageURL(name, platform)) : ["_"]).map((name) => ({ name, digest: { sha256: digestHex(manifest) } }));
}

/** `pkg:docker/busybox@latest?platform=linux%2Famd64` */
function packageURL(name: string, platform: Platform): string {
  const reference = parseReference(name);
  const version = reference.digest ?? reference.tag ?? "latest";
  return `pkg:docker/${familiarRepository(reference)}@${version}?platform=${encodeURIComponent(platformText(platform))}`;
}
