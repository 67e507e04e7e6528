import { EngineError } from "../../base/mod.ts";
import { shownAs } from "../internal-vertex.ts";
import type { BuildDeps } from "../ports.ts";
import type { Exported, ExportOptions } from "./export.ts";

/** The merged files of the result as an archive, which the client keeps or unpacks. */
export async function exportFiles(deps: BuildDeps, results: readonly Exported[], type: "tar" | "local", index: number, { client, tell, signal }: ExportOptions): Promise<void> {
  const [result, ...others] = results;
  if (!result || others.length > 0) throw new EngineError("NotImplemented", `exporting the files of several platforms with type=${type} is not supported: build them one by one`);
  await shownAs(tell, type === "tar" ? "exporting to client tarball" : "exporting to client directory", async (work) => {
    const output = await client.output(index);
    let sent = 0;
    for await (const bytes of await deps.packTree(result.layers.map(({ n }) => n), signal)) {
      await output.write(bytes);
      sent += bytes.length;
    }
    await output.end();
    work.done(type === "tar" ? "sending tarball" : "copying files", sent, sent);
  });
}
