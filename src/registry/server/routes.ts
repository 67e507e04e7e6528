/** The routes as data: method, path, what the caller must be allowed to do, and who answers. */
import { deleteBlob, getBlob } from "./blobs.ts";
import type { Handler } from "./call.ts";
import { listReferrers, listRepositories, listTags, search } from "./lists.ts";
import { deleteManifest, getManifest, putManifest } from "./manifests.ts";
import { browse } from "./pages/browse.ts";
import { getToken, postToken } from "./tokens.ts";
import { cancelUpload, continueUpload, finishUpload, startUpload, uploadStatus } from "./uploads.ts";

export type Action = "pull" | "push" | "delete";

export interface Route {
  /** As it appears in metrics and the access log. */
  readonly label: string;
  readonly pattern: RegExp;
  readonly methods: Readonly<Record<string, Operation>>;
}

export interface Operation {
  /** What must be allowed on the repository the path names; none: whoever is allowed in. */
  readonly action?: Action;
  /** Tells of all repositories. */
  readonly catalog?: true;
  /** Whoever they are: who asks may yet have to prove it. */
  readonly anybody?: true;
  /** For people's browsers; there is nothing here where that is not wanted. */
  readonly page?: true;
  /** Refused while the registry is read-only. */
  readonly writes?: true;
  readonly handle: Handler;
}

const pull = (handle: Handler): Operation => ({ action: "pull", handle });
const push = (handle: Handler): Operation => ({ action: "push", writes: true, handle });
const remove = (handle: Handler): Operation => ({ action: "delete", writes: true, handle });
const metrics: Operation = { handle: (call) => Promise.resolve(new Response(call.metrics.text(), { headers: { "Content-Type": "text/plain; version=0.0.4" } })) };
const hello: Operation = { handle: () => Promise.resolve(Response.json({})) };

/** A name may hold slashes: the fixed words after it are looked for from the end. */
export const ROUTES: readonly Route[] = [
  { label: "manifest", pattern: /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/, methods: { GET: pull(getManifest), HEAD: pull(getManifest), PUT: push(putManifest), DELETE: remove(deleteManifest) } },
  { label: "upload", pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<id>[^/]+)$/, methods: { GET: push(uploadStatus), PATCH: push(continueUpload), PUT: push(finishUpload), DELETE: push(cancelUpload) } },
  { label: "uploads", pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/, methods: { POST: push(startUpload) } },
  { label: "blob", pattern: /^\/v2\/(?<name>.+)\/blobs\/(?<digest>[^/]+)$/, methods: { GET: pull(getBlob), HEAD: pull(getBlob), DELETE: remove(deleteBlob) } },
  { label: "tags", pattern: /^\/v2\/(?<name>.+)\/tags\/list$/, methods: { GET: pull(listTags) } },
  { label: "referrers", pattern: /^\/v2\/(?<name>.+)\/referrers\/(?<digest>[^/]+)$/, methods: { GET: pull(listReferrers) } },
  { label: "catalog", pattern: /^\/v2\/_catalog$/, methods: { GET: { catalog: true, handle: listRepositories } } },
  { label: "base", pattern: /^\/v2\/?$/, methods: { GET: hello, HEAD: hello } },
  { label: "page", pattern: /^\/$/, methods: { GET: { page: true, handle: browse } } },
  { label: "search", pattern: /^\/v1\/search$/, methods: { GET: { handle: search } } },
  { label: "search", pattern: /^\/v1\/_ping$/, methods: { GET: hello } },
  { label: "token", pattern: /^\/token$/, methods: { GET: { anybody: true, handle: getToken }, POST: { anybody: true, handle: postToken } } },
  { label: "metrics", pattern: /^\/metrics$/, methods: { GET: metrics } },
];
