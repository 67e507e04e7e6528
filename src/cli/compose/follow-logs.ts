import { containerLogs, FrameReader, inspectContainer, type Client, type LogsQuery } from "../../client/mod.ts";
import type { LogPrinter } from "./log-printer.ts";

/** Prints what a container writes, to the end of this run of it; `follow`: and waits for more. */
export async function printLogs(client: Client, printer: LogPrinter, { id, label }: { readonly id: string; readonly label: string }, query: LogsQuery): Promise<void> {
  printer.add(label);
  const [{ Config }, answer] = await Promise.all([inspectContainer(client, id), containerLogs(client, id, query)]);
  const frames = new FrameReader();
  for await (const chunk of answer.body) {
    if (Config?.Tty) printer.write(label, 1, chunk);
    else for (const { stream, payload } of frames.push(chunk)) printer.write(label, stream, payload);
  }
  printer.flush(label);
}
