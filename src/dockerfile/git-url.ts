import { EngineError } from "../base/mod.ts";

/** A repository, as a URL names it. */
export interface GitURL {
  /** What git is given. */
  readonly remote: string;
  /** Branch, tag or commit; "" is what the repository's HEAD is. */
  readonly ref: string;
  readonly subfolder: string;
  readonly checksum: string;
  readonly keepGitFolder: boolean | undefined;
}

/** Splits `URL#ref:folder` and `URL?ref=…&subdir=…`. @throws EngineError InvalidParameter */
export function parseGitURL(text: string): GitURL {
  const url = text.startsWith("github.com/") ? `https://${text}` : text;
  const [beforeHash = "", ...after] = url.split("#");
  const [remote = "", query] = beforeHash.split("?", 2);
  const fragment = after.join("#");
  const colon = fragment.indexOf(":");
  const params = new URLSearchParams(query ?? "");
  const unknown = [...params.keys()].find((key) => !["ref", "branch", "tag", "commit", "checksum", "subdir", "keep-git-dir", "submodules"].includes(key));
  if (unknown !== undefined) throw new EngineError("InvalidParameter", `unexpected query ${JSON.stringify(unknown)}`);
  const branch = params.get("branch");
  const tag = params.get("tag");
  const named = branch !== null ? `refs/heads/${branch}` : tag !== null ? `refs/tags/${tag}` : (params.get("ref") ?? params.get("commit") ?? "");
  const ref = (colon < 0 ? fragment : fragment.slice(0, colon)) || named;
  const subfolder = (colon < 0 ? "" : fragment.slice(colon + 1)) || (params.get("subdir") ?? "");
  // Git would take a leading dash for an option, of whatever it stands for.
  if (ref.startsWith("-") || remote.startsWith("-") || /[\0-\x1f\x7f]/.test(url)) throw new EngineError("InvalidParameter", `invalid git URL ${JSON.stringify(text)}`);
  const keep = params.get("keep-git-dir");
  return { remote, ref, subfolder, checksum: params.get("checksum") ?? "", keepGitFolder: keep === null ? undefined : ["", "1", "true"].includes(keep) };
}
