import { MessageWriter, STATUS } from "../../grpc/mod.ts";
import type { Attachment, KeptBuild } from "../history/kept-build.ts";
import type { HistoryEvent } from "../history/history.ts";

const EVENT_TYPE = { started: 0, completed: 1, deleted: 2 } as const;

/** moby.buildkit.v1.BuildHistoryEvent */
export function writeHistoryEvent(event: HistoryEvent): Uint8Array {
  const record = event.type === "deleted" ? new MessageWriter().text(1, event.build.record.ref) : writeRecord(event.build);
  return new MessageWriter().number(1, EVENT_TYPE[event.type]).message(2, record).finish();
}

/** moby.buildkit.v1.BuildHistoryRecord */
function writeRecord({ record, order, outcome }: KeptBuild): MessageWriter {
  const { ref, createdAt, completedAt, status, error, cachedSteps, totalSteps, completedSteps } = record;
  const writer = new MessageWriter().text(1, ref).text(2, order.frontend).map(3, order.attrs);
  for (const { type, attrs } of order.exporters) writer.message(4, new MessageWriter().text(1, type).map(2, attrs));
  if (error !== undefined) writer.message(5, new MessageWriter().number(1, status === "Canceled" ? STATUS.cancelled : STATUS.unknown).text(2, error.replace(/^failed to solve: /, "")));
  writer.instant(6, nanoseconds(createdAt)).instant(7, completedAt === undefined ? undefined : nanoseconds(completedAt)).map(9, outcome.response);
  const statements = Map.groupBy(outcome.statements, ({ platform = "" }) => platform);
  for (const [platform, all] of statements) {
    const result = new MessageWriter();
    for (const each of all) result.message(2, writeDescriptor(each));
    if (platform === "") writer.message(10, result);
    else writer.message(11, new MessageWriter().text(1, platform).message(2, result));
  }
  writer.number(15, cachedSteps).number(16, totalSteps).number(17, completedSteps);
  if (outcome.failure) writer.message(18, writeDescriptor(outcome.failure));
  return writer.number(19, outcome.warnings);
}

function writeDescriptor({ mediaType, digest, sizeBytes, predicateType }: Attachment): MessageWriter {
  return new MessageWriter().text(1, mediaType).text(2, digest).number(3, sizeBytes).map(5, predicateType === undefined ? {} : { "in-toto.io/predicate-type": predicateType });
}

/** Of an instant in RFC 3339. */
function nanoseconds(instant: string): bigint {
  const [, fraction = ""] = /\.(\d{1,9})/.exec(instant) ?? [];
  return BigInt(Math.floor(Date.parse(instant) / 1000)) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
}
