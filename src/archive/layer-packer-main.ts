import { chrootTo, closeFd, forbidTracing, writeSocket } from "../linux/mod.ts";
import { SocketOutput } from "./http-body.ts";
import { nextJob } from "./job-input.ts";
import type { LayerJob } from "./layer-packers.ts";
import { reportFailure } from "./report.ts";
import { openFolder, TreePacker } from "./tree-packer.ts";

/** RFC 9112, 7.1: the last chunk, and no trailer. */
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/** The hidden command `hako __layers`: packs folders of layers, job after job. Each archive goes out as the chunks of an HTTP body; a failure ends the process. */
export function layerPackerMain(): number {
  try {
    forbidTracing();
    const root = openFolder("/");
    for (let job = nextJob<LayerJob>(); job !== undefined; job = nextJob<LayerJob>()) pack(job, root);
    return 0;
  } catch (error) {
    reportFailure(error);
    return 1;
  }
}

/** Sees nothing but the folder meanwhile. */
function pack({ folder, folderTimes, latestSeconds }: LayerJob, root: number): void {
  const output = new SocketOutput(1, "chunks");
  using packer = new TreePacker({ format: "layer", folderTimes: folderTimes ?? true, latestSeconds, sendFile: (file, sizeBytes) => output.file(file, sizeBytes) });
  const source = openFolder(folder);
  try {
    chrootTo(source);
    for (const piece of packer.content(source)) output.write(piece);
    for (const piece of packer.finish()) output.write(piece);
  } finally {
    chrootTo(root);
    closeFd(source);
  }
  writeSocket(1, LAST_CHUNK);
}
