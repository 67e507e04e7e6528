/**
 * names/<name, ~ for />                            a repository exists; listed by the catalog
 * repositories/<name>/_manifests/<hex>             media type, line feed, the manifest's bytes
 * repositories/<name>/_tags/<tag>                  a manifest's digest
 * repositories/<name>/_blobs/<hex>                 empty: the repository has this blob
 * repositories/<name>/_referrers/<hex>/<hex>       of a subject: the descriptor of a manifest that names it
 * repositories/<name>/_uploads/<id>                a blob on the way in
 * blobs/sha256/<first two>/<hex>                   content, verified, shared by all repositories
 * condemned/<hex>/<id>                             a garbage collector is about to remove a key (its sha256)
 * tmp/<id>                                         file system only: on the way to being renamed
 *
 * Components of repository names never begin with an underscore, so that names and our folders cannot meet.
 */
import { digestHex, parseDigest, type Digest } from "../../spec/mod.ts";

export const NAMES = "names";
export const BLOBS = "blobs/sha256";

const repository = (name: string): string => `repositories/${name}`;

export const nameKey = (name: string): string => `${NAMES}/${name.replaceAll("/", "~")}`;
export const nameOfKey = (entry: string): string => entry.replaceAll("~", "/");
export const manifestsKey = (name: string): string => `${repository(name)}/_manifests`;
export const manifestKey = (name: string, digest: Digest): string => `${manifestsKey(name)}/${digestHex(digest)}`;
export const tagsKey = (name: string): string => `${repository(name)}/_tags`;
export const tagKey = (name: string, tag: string): string => `${tagsKey(name)}/${tag}`;
export const linksKey = (name: string): string => `${repository(name)}/_blobs`;
export const linkKey = (name: string, digest: Digest): string => `${linksKey(name)}/${digestHex(digest)}`;
export const referrersOfKey = (name: string): string => `${repository(name)}/_referrers`;
export const referrersKey = (name: string, subject: Digest): string => `${referrersOfKey(name)}/${digestHex(subject)}`;
export const referrerKey = (name: string, subject: Digest, digest: Digest): string => `${referrersKey(name, subject)}/${digestHex(digest)}`;
export const uploadsKey = (name: string): string => `${repository(name)}/_uploads`;
export const uploadKey = (name: string, id: string): string => `${uploadsKey(name)}/${id}`;
export const blobKey = (digest: Digest): string => `${BLOBS}/${digestHex(digest).slice(0, 2)}/${digestHex(digest)}`;
export const condemnedKey = (key: string): string => `condemned/${new Bun.CryptoHasher("sha256").update(key).digest("hex")}`;

/** The digest that a listed name stands for; undefined for a stranger's file. */
export function digestOfName(hex: string): Digest | undefined {
  return /^[0-9a-f]{64}$/.test(hex) ? parseDigest(`sha256:${hex}`) : undefined;
}
