import { MEDIA, parseReference, type Reference } from "../../spec/mod.ts";
import { Failure } from "../failure.ts";
import type { ListedManifest } from "./local-lists.ts";

/** The list as a registry takes it, to the byte as docker writes it. @throws Failure, in docker's words */
export function listDocument(target: Reference, images: readonly ListedManifest[]): { readonly mediaType: string; readonly text: string } {
  const mediaType = images.length > 0 && images.every(({ Descriptor: { mediaType: own } }) => own === MEDIA.ociManifest) ? MEDIA.ociIndex : MEDIA.dockerManifestList;
  const manifests = images.map(({ Ref, Descriptor: { mediaType: own, size, digest, platform } }) => {
    const { domain } = parseReference(Ref);
    if (domain !== target.domain) throw new Failure(`cannot use source images from a different registry than the target image: ${domain} != ${target.domain}`);
    const { architecture = "", os = "", variant } = platform ?? {};
    const version = platform?.["os.version"];
    const features = platform?.["os.features"];
    return { mediaType: own, size, digest, platform: { architecture, os, ...(version && { "os.version": version }), ...(features?.length && { "os.features": features }), ...(variant && { variant }) } };
  });
  return { mediaType, text: JSON.stringify({ schemaVersion: 2, mediaType, manifests }, undefined, 3) };
}
