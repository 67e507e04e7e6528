/** One thing that a copy takes: what it is called at its new place, and what it is (graph/entry-digest.ts). */
export const contentLine = (name: string, digest: string): string => `${name}\0${digest}\n`;

/** Of a whole selection, in whatever order it was found. */
export function digestOfLines(lines: string[]): string {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const line of lines.sort()) hasher.update(line);
  return `sha256:${hasher.digest("hex")}`;
}
