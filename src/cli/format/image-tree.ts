import type { ImageSummary } from "../../spec/mod.ts";
import { shortId } from "./names.ts";
import { humanSize } from "./size.ts";

type Manifest = NonNullable<ImageSummary["Manifests"]>[number];

interface Line {
  readonly name: string;
  /** Undefined for a line that is only one more name. */
  readonly cells?: { readonly id: string; readonly disk: string; readonly content: string; readonly inUse: boolean };
}

/** Images with the platforms of their indexes below them, as `docker images --tree` shows them; those without a name only with `all`. */
export function imageTree(images: readonly ImageSummary[], all: boolean): string {
  const shown = images.filter(({ RepoTags }) => all || (RepoTags?.length ?? 0) > 0).sort((a, b) => (b.Created ?? 0) - (a.Created ?? 0));
  const blocks = shown.map(linesOf);
  const width = Math.max(5, ...blocks.flat().map(({ name }) => name.length));
  const head = `${"IMAGE".padEnd(width)}   ${"ID".padEnd(12)}   ${"DISK USAGE".padStart(10)}   ${"CONTENT SIZE".padStart(12)}   EXTRA\n`;
  const legend = `${"Info ->  U In Use".padStart(head.length - 1)}\n\n`;
  return legend + head + blocks.map((lines) => lines.map((line) => text(line, width)).join("")).join("\n");
}

function text({ name, cells }: Line, width: number): string {
  if (!cells) return `${name}\n`;
  return `${name.padEnd(width)}   ${cells.id.padEnd(12)}   ${cells.disk.padStart(10)}   ${cells.content.padStart(12)}   ${cells.inUse ? "U" : ""}`.trimEnd() + "\n";
}

function linesOf({ Id = "", RepoTags, Manifests = [], Size = 0 }: ImageSummary): Line[] {
  const names = RepoTags?.length ? RepoTags : ["<untagged>"];
  const sum = (of: (manifest: Manifest) => number): number => Manifests.reduce((total, manifest) => total + of(manifest), 0);
  const cells = { id: shortId(Id), disk: humanSize(sum(totalOf) || Size), content: humanSize(sum(contentOf)), inUse: Manifests.some(isUsed) };
  const platforms = Manifests.filter(({ Kind }) => Kind === "image");
  return [
    ...names.map((name, index): Line => (index === names.length - 1 ? { name, cells } : { name })),
    ...platforms.map((manifest, index): Line => ({
      name: `${index === platforms.length - 1 ? "└─" : "├─"} ${platformOf(manifest)}`,
      cells: { id: shortId(manifest.ID ?? ""), disk: humanSize(totalOf(manifest)), content: humanSize(contentOf(manifest)), inUse: isUsed(manifest) },
    })),
  ];
}

const totalOf = ({ Size }: Manifest): number => Size?.Total ?? 0;
const contentOf = ({ Size }: Manifest): number => Size?.Content ?? 0;
const isUsed = ({ ImageData }: Manifest): boolean => (ImageData?.Containers?.length ?? 0) > 0;

function platformOf({ ImageData }: Manifest): string {
  const { os, architecture, variant } = ImageData?.Platform ?? {};
  return [os, architecture, variant].filter(Boolean).join("/");
}
