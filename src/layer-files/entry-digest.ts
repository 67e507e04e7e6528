/**
 * What a file of a context is, as far as a build's cache is concerned: kind, permission bits and content; no name, owner or time.
 * `f755 sha256:…`, `d755`, `l <target>`, and the kind alone for what else there is.
 */
export const fileDigest = (mode: number, contentDigest: string): string => `f${permissions(mode)} ${contentDigest}`;
export const folderDigest = (mode: number): string => `d${permissions(mode)}`;
export const linkDigest = (target: string): string => `l ${target}`;
export const nodeDigest = (mode: number, major: number, minor: number): string => `n${mode.toString(8)} ${major}:${minor}`;

const permissions = (mode: number): string => (mode & 0o7777).toString(8);
