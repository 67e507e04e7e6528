import { listImages } from "../../client/mod.ts";
import type { ImageSummary } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { ago, goTime } from "../format/duration.ts";
import { Failure } from "../failure.ts";
import { imageTree } from "../format/image-tree.ts";
import { printListing, type Listing } from "../format/listing.ts";
import { shortId } from "../format/names.ts";
import { humanSize } from "../format/size.ts";
import { readFilters } from "../options/filters.ts";
import { out } from "../output.ts";

const NONE = "<none>";

export interface ImageRow {
  readonly image: ImageSummary;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const filters = readFilters(flags.list("filter"));
  const format = flags.string("format");
  const digests = flags.bool("digests");
  const tree = flags.bool("tree");
  if (tree) refuseBesideTree(flags);
  const images = await listImages(client, { all: flags.bool("all"), filters: args[0] === undefined ? filters : { ...filters, reference: [args[0]] }, manifests: tree });
  if (tree) {
    out(imageTree(images, flags.bool("all")));
    return 0;
  }
  const quiet = flags.bool("quiet");
  const named = images.flatMap((image) => rowsOf(image, digests || (format?.includes(".Digest") ?? false)));
  await printListing(named, imageListing(flags.bool("no-trunc"), digests), { format, quiet });
  return 0;
}

/** @throws Failure, in docker's words */
function refuseBesideTree(flags: Invocation["flags"]): void {
  const other = flags.bool("quiet") ? "--quiet" : flags.bool("no-trunc") ? "--no-trunc" : flags.bool("digests") ? "--show-digest" : flags.string("format") ? "--format" : undefined;
  if (other !== undefined) throw new Failure(`${other} is not yet supported with --tree`);
}

/** One row for each name; with digests, one for each name and digest of its repository. */
function rowsOf(image: ImageSummary, withDigests: boolean): ImageRow[] {
  const tags = (image.RepoTags ?? []).filter((name) => name !== "<none>:<none>").map((name) => split(name, name.lastIndexOf(":")));
  const digests = (image.RepoDigests ?? []).filter((name) => name !== "<none>@<none>").map((name) => split(name, name.indexOf("@")));
  const rows: ImageRow[] = [];
  for (const [repository, tag] of tags) {
    const own = withDigests ? digests.filter(([name]) => name === repository).map(([, digest]) => digest) : [];
    if (own.length === 0) rows.push({ image, repository, tag, digest: NONE });
    else rows.push(...own.map((digest) => ({ image, repository, tag, digest })));
  }
  const tagged = new Set(tags.map(([name]) => name));
  const untagged = digests.filter(([name]) => !tagged.has(name));
  rows.push(...untagged.map(([repository, digest]) => ({ image, repository, tag: NONE, digest })));
  return rows.length > 0 ? rows : [{ image, repository: NONE, tag: NONE, digest: NONE }];
}

const split = (name: string, at: number): readonly [string, string] => [name.slice(0, at), name.slice(at + 1)];

export function imageListing(whole: boolean, digests: boolean): Listing<ImageRow> {
  return {
    fields: {
      Containers: { heading: "CONTAINERS", value: ({ image }) => (image.Containers === undefined || image.Containers < 0 ? "N/A" : String(image.Containers)) },
      CreatedAt: { heading: "CREATED AT", value: ({ image }) => goTime((image.Created ?? 0) * 1000) },
      CreatedSince: { heading: "CREATED", value: ofImage((image) => ago(image.Created ?? 0)) },
      Digest: { heading: "DIGEST", value: ({ digest }) => digest },
      ID: { heading: "IMAGE ID", value: ofImage(({ Id = "" }) => (whole ? Id : shortId(Id))) },
      Repository: { heading: "REPOSITORY", value: ({ repository }) => repository },
      SharedSize: { heading: "SHARED SIZE", value: ({ image }) => knownSize(image.SharedSize) },
      Size: { heading: "SIZE", value: ofImage((image) => humanSize(image.Size ?? 0)) },
      Tag: { heading: "TAG", value: ({ tag }) => tag },
      UniqueSize: { heading: "UNIQUE SIZE", value: ({ image }) => (image.SharedSize === undefined || image.SharedSize < 0 ? "N/A" : humanSize((image.Size ?? 0) - image.SharedSize, 4)) },
      VirtualSize: { heading: "SIZE", value: ({ image }) => humanSize(image.Size ?? 0, 4) },
    },
    table: ["Repository", "Tag", ...(digests ? ["Digest"] : []), "ID", "CreatedSince", "Size"],
    quiet: "ID",
    goType: "formatter.imageContext",
    raw: `repository: {{.Repository}}\ntag: {{.Tag}}\n${digests ? "digest: {{.Digest}}\n" : ""}image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n`,
  };
}

/** Of an image with a thousand names it is worked out once. */
function ofImage(value: (image: ImageSummary) => string): (row: ImageRow) => string {
  let last: ImageSummary | undefined;
  let text = "";
  return ({ image }) => {
    if (image !== last) [last, text] = [image, value(image)];
    return text;
  };
}

const knownSize = (sizeBytes: number | undefined): string => (sizeBytes === undefined || sizeBytes < 0 ? "N/A" : humanSize(sizeBytes, 4));
