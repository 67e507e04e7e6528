/** `repository[:tag]` as the two parameters of the API. */
export function splitReference(reference: string | undefined): { repo?: string; tag?: string } {
  if (reference === undefined) return {};
  const colon = reference.lastIndexOf(":");
  return colon > reference.lastIndexOf("/") ? { repo: reference.slice(0, colon), tag: reference.slice(colon + 1) } : { repo: reference };
}
