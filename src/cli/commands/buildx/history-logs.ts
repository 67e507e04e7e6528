import { buildLogs } from "../../../client/mod.ts";
import { decodeBuildMessage, LineReader } from "../../../spec/mod.ts";
import type { Display } from "../../build/progress/display.ts";
import { PlainDisplay } from "../../build/progress/plain.ts";
import { RawJsonDisplay } from "../../build/progress/raw-json.ts";
import { failedOutput } from "../../build/progress/summary.ts";
import { checkBuilder } from "../../buildx/only-builder.ts";
import { findRecord } from "../../buildx/records.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { err } from "../../output.ts";

const MAX_LINE_CHARACTERS = 64 * 1024 * 1024;

export async function run({ flags, args: [ref], client }: Invocation): Promise<number> {
  checkBuilder(flags);
  const mode = flags.string("progress") ?? "plain";
  if (mode !== "plain" && mode !== "rawjson" && mode !== "auto" && mode !== "tty") throw new Failure(`ERROR: progress mode ${JSON.stringify(mode)} not supported`);
  const record = await findRecord(client, ref);
  const plain = new PlainDisplay(err, undefined);
  const display: Display = mode === "rawjson" ? new RawJsonDisplay(err) : plain;
  const lines = new LineReader();
  for await (const piece of (await buildLogs(client, record.ref)).body)
    for (const line of lines.push(piece, MAX_LINE_CHARACTERS)) {
      if (line === "") continue;
      const message = decodeBuildMessage(line);
      if ("event" in message) display.show(message.event);
      else if ("failed" in message && mode !== "rawjson") {
        plain.finish();
        err(failedOutput(plain.trace, message.failed));
      }
    }
  display.finish(false);
  return 0;
}
