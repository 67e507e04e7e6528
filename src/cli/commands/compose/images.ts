import { inspectImage } from "../../../client/mod.ts";
import { observeContainers, type ObservedContainer } from "../../../compose/mod.ts";
import type { ImageInspect } from "../../../spec/mod.ts";
import type { Invocation } from "../../command.ts";
import { goJson } from "../../compose/json-array.ts";
import { selection } from "../../compose/selection.ts";
import { Failure } from "../../failure.ts";
import { alignTabs } from "../../format/columns.ts";
import { ago } from "../../format/duration.ts";
import { shortId } from "../../format/names.ts";
import { humanSize } from "../../format/size.ts";
import { out, printable } from "../../output.ts";

const CELL_WIDTH = 20;

interface Row {
  readonly container: string;
  readonly id: string;
  readonly repository: string;
  readonly tag: string;
  readonly platform: string;
  readonly sizeBytes: number;
  readonly tagged: string;
}

export async function run(invocation: Invocation): Promise<number> {
  const { flags, client } = invocation;
  const { name, services } = await selection(invocation);
  const containers = (await observeContainers(client, name)).filter(({ service }) => services.length === 0 || services.includes(service));
  const ids = [...new Set(containers.map(({ imageID }) => imageID))];
  const images = new Map(await Promise.all(ids.map(async (id) => [id, await inspectImage(client, id).catch(() => undefined)] as const)));
  const rows = containers.map((container) => rowOf(container, images.get(container.imageID))).toSorted((a, b) => (a.container < b.container ? -1 : 1));
  out(flags.bool("quiet") ? ids.map((id) => `${id.replace(/^sha256:/, "")}\n`).join("") : rendered(rows, flags.string("format") || "table"));
  return 0;
}

function rowOf({ name, image, imageID }: ObservedContainer, found: ImageInspect | undefined): Row {
  const tags = found?.RepoTags ?? [];
  const reference = tags.find((tag) => tag === image || tag === `${image}:latest`) ?? tags[0] ?? "";
  const colon = reference.lastIndexOf(":");
  const { Os = "", Architecture = "", Variant = "", Size = 0 } = found ?? {};
  return {
    container: name,
    id: imageID,
    repository: colon < 0 ? "<none>" : reference.slice(0, colon),
    tag: colon < 0 ? "<none>" : reference.slice(colon + 1),
    platform: [Os, Architecture, Variant].filter((part) => part !== "").join("/"),
    sizeBytes: Size,
    tagged: found?.Metadata?.LastTagTime ?? "0001-01-01T00:00:00Z",
  };
}

function rendered(rows: readonly Row[], format: string): string {
  if (format === "json") return `${goJson(rows.map(({ id, container, repository, tag, platform, sizeBytes, tagged }) => ({ ID: id, ContainerName: container, Repository: repository, Tag: tag, Platform: platform, Size: sizeBytes, LastTagTime: tagged })))}\n`;
  if (format !== "table") throw new Failure(`unsupported format ${JSON.stringify(format)}`);
  const lines = rows.map(({ container, repository, tag, platform, id, sizeBytes, tagged }) => [container, repository, tag, platform, shortId(id), humanSize(sizeBytes, 3), since(tagged)].map(printable).join("\t"));
  return `${alignTabs(["CONTAINER\tREPOSITORY\tTAG\tPLATFORM\tIMAGE ID\tSIZE\tCREATED", ...lines].join("\n"), CELL_WIDTH)}\n`;
}

const since = (time: string): string => (time.startsWith("0001-") ? "N/A" : ago(Date.parse(time) / 1000));
