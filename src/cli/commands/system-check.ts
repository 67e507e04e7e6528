import { checkStore, type StoreFinding, type StoreSummary } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { humanSize } from "../format/size.ts";
import { out, printable } from "../output.ts";

/** Exit code 0 when all is well or mended, 1 when something is left to do. */
export async function run({ flags, client }: Invocation): Promise<number> {
  let summary: StoreSummary | undefined;
  for await (const message of checkStore(client, flags.bool("repair"))) {
    if ("error" in message) throw new Failure(printable(message.error));
    if ("summary" in message) summary = message.summary;
    else out(`${sentence(message)}\n`);
  }
  if (!summary) throw new Failure("the engine ended before it had checked everything");
  const { blobs, bytes, layers, damaged, mended } = summary;
  out(`Checked ${blobs} blobs (${humanSize(bytes)}) and ${layers} layers: ${damaged === 0 ? "all as they should be" : `${damaged} damaged, ${mended} of them mended`}\n`);
  return damaged > mended ? 1 : 0;
}

function sentence({ kind, digest, images, problem, mended, remedy }: StoreFinding): string {
  const of = images.length > 0 ? ` of ${images.slice(0, 3).map(printable).join(", ")}${images.length > 3 ? ` and ${images.length - 3} more` : ""}` : "";
  return `${kind} ${digest}${of}: ${printable(problem)}${mended ? `; ${mended}` : ""}${remedy ? `; ${printable(remedy)}` : ""}`;
}
