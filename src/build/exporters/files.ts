import { encodeHeader, endOfArchive } from "../../archive/mod.ts";
import { platformText } from "../frontend/platform.ts";
import { shownAs } from "../internal-vertex.ts";
import type { BuildDeps } from "../ports.ts";
import type { BuildRequest } from "../request.ts";
import { isTrue } from "./boolean.ts";
import type { Exported, ExportOptions } from "./export.ts";

const FOLDER_MODE = 0o755;

/** The merged files of the result as an archive, which the client keeps or unpacks; of several platforms a folder for each (`linux_amd64`). */
export async function exportFiles(deps: BuildDeps, results: readonly Exported[], { type, attrs }: BuildRequest["exporters"][number], index: number, { client, tell, signal }: ExportOptions): Promise<void> {
  const splits = attrs["platform-split"] === undefined ? results.length > 1 : isTrue(attrs["platform-split"]);
  await shownAs(tell, type === "tar" ? "exporting to client tarball" : "exporting to client directory", async (work) => {
    const output = await client.output(index);
    let sent = 0;
    const send = async (bytes: Uint8Array): Promise<void> => {
      await output.write(bytes);
      sent += bytes.length;
    };
    for (const { target, layers } of results) {
      const prefix = splits ? `${platformText(target.platform).replaceAll("/", "_")}/` : "";
      if (splits) await send(encodeHeader({ kind: "directory", name: prefix, mode: FOLDER_MODE }));
      for await (const bytes of withoutEnd(await deps.packTree(layers.map(({ n }) => n), prefix, signal))) await send(bytes);
    }
    await send(endOfArchive());
    await output.end();
    work.done(type === "tar" ? "sending tarball" : "copying files", sent, sent);
  });
}

/** An archive without its end mark, so that another can follow. */
async function* withoutEnd(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const endBytes = endOfArchive().length;
  let held = Buffer.alloc(0);
  for await (const piece of archive) {
    const all = held.length === 0 ? Buffer.from(piece) : Buffer.concat([held, piece]);
    const keep = Math.max(0, all.length - endBytes);
    yield all.subarray(0, keep);
    held = Buffer.from(all.subarray(keep));
  }
}
