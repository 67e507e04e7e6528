import type { Digest } from "../../spec/mod.ts";
import { TransportError, type HttpResponse } from "../http/mod.ts";
import { parseHttpUrl, type Endpoint } from "./endpoints.ts";
import { RegistryError } from "./errors.ts";
import type { Place } from "./repository.ts";
import { waitFor, withRetries, type Patience } from "./retry.ts";
import { withoutFirst } from "./skip.ts";
import type { BlobOptions, BlobStream } from "./types.ts";

/** So much must have come since the last cut for it to count as a new beginning, not one more failure. */
const PROGRESS_BYTES = 1 << 20;

/** The places that a blob may come from. */
export interface Sources {
  /** Does it at the first one that can. */
  anywhere<T>(action: (place: Place) => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
  /** Passes it over from now on. @returns false for the registry itself, and for what is passed over already */
  distrust(source: Endpoint): boolean;
  isTrusted(source: Endpoint): boolean;
}

interface Part {
  readonly response: HttpResponse;
  readonly source: Endpoint;
  /** Of the blob, where the body begins. */
  readonly offset: number;
}

/** Distribution spec, "Pulling blobs", with ranges where a connection is cut. */
export async function openBlob(sources: Sources, patience: Patience, digest: Digest, { offset = 0, expectedSize, signal, urls = [] }: BlobOptions): Promise<BlobStream> {
  const used = new Set<Endpoint>();
  const open = async (from: number): Promise<Part> => {
    const part = await sources.anywhere((place) => getForeignPart(place, sources, urls, digest, from, expectedSize), signal);
    used.add(part.source);
    return part;
  };
  const first = await withRetries(patience, () => open(offset));
  const chunks = mended(first, open, sources, patience, digest, expectedSize);
  return { offset: first.offset, distrust: () => [...used].map((source) => sources.distrust(source)).includes(true), [Symbol.asyncIterator]: () => chunks };
}

/** From the registry, or from the addresses that its manifest names. */
async function getForeignPart(place: Place, sources: Sources, urls: readonly string[], digest: Digest, from: number, expectedSize: number): Promise<Part> {
  try {
    return await getPart(place, new URL(`blobs/${digest}`, place.base), digest, from, expectedSize);
  } catch (error) {
    if (!(error instanceof RegistryError) || error.details.status !== 404) throw error;
    for (const url of urls.map((text) => parseHttpUrl(text)).filter((parsed) => parsed !== undefined)) {
      const session = await place.transfer.foreignSession(url);
      if (!sources.isTrusted(session.endpoint)) continue;
      const elsewhere = { ...place, session, access: { auth: {}, scopes: [] } };
      const part = await getPart(elsewhere, url, digest, from, expectedSize).catch(() => place.signal?.throwIfAborted());
      if (part) return part;
    }
    throw error;
  }
}

async function getPart({ transfer, session, access, signal }: Place, url: URL, digest: Digest, from: number, expectedSize: number): Promise<Part> {
  const headers = { "Accept-Encoding": "identity", ...(from > 0 && { Range: `bytes=${from}-` }) };
  const response = await transfer.request(session, { method: "GET", url, access, headers, ...(signal && { signal }) }, from > 0 ? [200, 206] : [200]);
  const offset = response.status === 206 ? rangeStart(response) : 0;
  const length = response.headers.get("content-length");
  const promised = length === undefined ? undefined : offset + Number(length);
  if (offset <= from && (promised === undefined || promised === expectedSize)) return { response, source: session.endpoint, offset };
  await response.discard();
  throw new RegistryError("System", promised === expectedSize ? `the registry sends blob ${digest} from byte ${offset}, asked for ${from}` : wrongSize(digest, promised ?? 0, expectedSize));
}

const rangeStart = ({ headers }: HttpResponse): number => Number(/^bytes (\d{1,15})-/.exec(headers.get("content-range") ?? "")?.[1] ?? Number.NaN);

const wrongSize = (digest: Digest, bytes: number, expected: number): string => `the registry sends ${bytes} bytes of blob ${digest}, which has ${expected}`;

async function* mended(first: Part, open: (from: number) => Promise<Part>, sources: Sources, patience: Patience, digest: Digest, expectedSize: number): AsyncGenerator<Uint8Array, void, void> {
  let part = first;
  let at = first.offset;
  let lastCut = at;
  for (let failed = 0; ; ) {
    try {
      // A registry without ranges begins at the beginning: what has been read already is passed over.
      for await (const chunk of withoutFirst(at - part.offset, part.response.body)) {
        at += chunk.length;
        if (at > expectedSize) throw new RegistryError("System", wrongSize(digest, at, expectedSize));
        yield chunk;
      }
      if (at === expectedSize) return;
      throw new TransportError("cut", "unexpected EOF");
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      failed = at - lastCut >= PROGRESS_BYTES ? 1 : failed + 1;
      lastCut = at;
      // A mirror that brings nothing more is passed over, and what is missing comes from elsewhere.
      if (failed > 1 && sources.distrust(part.source)) failed = 0;
      const cut = new RegistryError("System", `blob ${digest}: ${error.message}`, { transient: error.failure === "cut" }, { cause: error });
      if (failed > 0) await waitFor(patience, cut, failed);
    }
    part = await withRetries(patience, () => open(at));
  }
}
