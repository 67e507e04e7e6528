import { EngineError } from "../../base/mod.ts";
import type { BuiltStatement } from "../../image/mod.ts";
import type { FoundPackage, FoundPackages } from "../../layer-files/mod.ts";
import { digestHex, type Digest } from "../../spec/mod.ts";
import { platformText } from "../frontend/platform.ts";
import { digestOf } from "../graph/make-vertex.ts";
import { shownAs } from "../internal-vertex.ts";
import type { BuildDeps } from "../ports.ts";
import type { BuildRequest } from "../request.ts";
import type { Exported, ExportOptions } from "./export.ts";
import { STATEMENT, subjectsOf } from "./provenance.ts";

const PREDICATE = "https://spdx.dev/Document";
/** BuildKit's default scanner, in whose place this engine's own is. */
const DEFAULT_SCANNER = /(?:^|\/)docker\/buildkit-syft-scanner(?:[:@]|$)/;

/** Whether --attest or --sbom asks for a list of packages. @throws EngineError NotImplemented for a scanner of somebody else's */
export function wantsSbom({ attests }: BuildRequest): boolean {
  const sbom = attests.find(({ type, disabled }) => type === "sbom" && !disabled);
  const generator = sbom?.attrs["generator"] ?? "";
  if (generator !== "" && !DEFAULT_SCANNER.test(generator)) throw new EngineError("NotImplemented", `the scanner ${generator} cannot be run: this engine lists packages itself; leave out generator`);
  return sbom !== undefined;
}

/** A software bill of materials of one platform's image: SPDX 2.3, as what package managers have recorded in its files. */
export async function sbomOf(deps: BuildDeps, { target, layers }: Exported, names: readonly string[], { tell, signal, epoch }: ExportOptions): Promise<(subject: Digest) => readonly BuiltStatement[]> {
  const { platform } = target;
  const found = await shownAs(tell, `[${platformText(platform)}] generating sbom`, async (work) => {
    const packages = await deps.solver.packages(layers, signal);
    for (const note of packages.notes) work.done(note);
    return packages;
  });
  const predicate = spdxDocument(found, names[0] ?? "image", epoch ?? new Date().toISOString().replace(/\.\d+Z$/, "Z"));
  return (subject) => [{ predicateType: PREDICATE, json: JSON.stringify({ _type: STATEMENT, predicateType: PREDICATE, subject: subjectsOf(subject, names, platform), predicate }) }];
}

/** SPDX 2.3. */
function spdxDocument({ packages, distribution }: FoundPackages, name: string, created: string): object {
  const root = "SPDXRef-DocumentRoot-Image";
  const listed = packages.map((each) => ({ id: `SPDXRef-Package-${each.type}-${digestHex(digestOf(["package", each])).slice(0, 16)}`, each }));
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name,
    documentNamespace: `https://hako.invalid/sbom/${digestHex(digestOf(["sbom", name, created, packages]))}`,
    creationInfo: { created, creators: ["Tool: hakobune"] },
    packages: [{ name, SPDXID: root, downloadLocation: "NOASSERTION", filesAnalyzed: false, copyrightText: "NOASSERTION", licenseConcluded: "NOASSERTION", licenseDeclared: "NOASSERTION", primaryPackagePurpose: "CONTAINER" }, ...listed.map(({ id, each }) => spdxPackage(id, each, distribution))],
    relationships: [{ spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: root }, ...listed.map(({ id }) => ({ spdxElementId: root, relationshipType: "CONTAINS", relatedSpdxElement: id }))],
  };
}

function spdxPackage(id: string, found: FoundPackage, distribution: FoundPackages["distribution"]): object {
  return {
    name: found.name,
    SPDXID: id,
    versionInfo: found.version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    copyrightText: "NOASSERTION",
    licenseConcluded: "NOASSERTION",
    licenseDeclared: isLicense(found.license) ? found.license : "NOASSERTION",
    sourceInfo: `acquired package info from ${found.foundIn}`,
    externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: packageURL(found, distribution) }],
  };
}

/** An expression of SPDX's short names, as far as its form shows. */
const isLicense = (text: string): boolean => /^\(*[A-Za-z0-9.+-]+\)*(?: (?:AND|OR|WITH) \(*[A-Za-z0-9.+-]+\)*)*$/.test(text);

/** `pkg:deb/debian/bash@5.2.15-2?arch=amd64&distro=debian-12`; an rpm's epoch stands behind, not in its version. */
function packageURL({ type, name, version, architecture }: FoundPackage, { id, version: release }: FoundPackages["distribution"]): string {
  const isSystem = type === "deb" || type === "apk" || type === "rpm";
  const [, epoch = "", plain = version] = (type === "rpm" ? /^(\d+):(.*)$/s.exec(version) : undefined) ?? [];
  const path = [...(isSystem && id !== "" ? [id] : []), ...name.split("/")].map(encodeURIComponent).join("/");
  const all = { arch: architecture, distro: id !== "" && release !== "" ? `${id}-${release}` : id, epoch };
  const qualifiers = isSystem ? Object.entries(all).flatMap(([key, value]) => (value === "" ? [] : [`${key}=${encodeURIComponent(value)}`])) : [];
  return `pkg:${type}/${path}@${encodeURIComponent(plain)}${qualifiers.length > 0 ? `?${qualifiers.join("&")}` : ""}`;
}
