/**
 * One thing that a copy takes: what it is called at its new place, what it is (entry-digest.ts), and of a folder the digest of what is taken of
 * its content, "" where that is nothing. Of a folder that is only looked into, `digest` is "".
 */
export const contentLine = (name: string, digest: string, inside?: string): string => `${name}\0${digest}${inside === undefined ? "" : `\0${inside}`}\n`;

/** Of things that are taken together, in whatever order they were found. */
export function digestOfLines(lines: string[]): string {
  return `sha256:${new Bun.CryptoHasher("sha256").update(lines.sort().join("")).digest("hex")}`;
}
