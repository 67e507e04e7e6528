import type { BuildRecord } from "../../../spec/mod.ts";
import { checkBuilder } from "../../buildx/only-builder.ts";
import { durationText, findRecord, secondsOf } from "../../buildx/records.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { PROGRAM } from "../../command.ts";
import { out, printable } from "../../output.ts";

export async function run({ flags, args: [ref], client }: Invocation): Promise<number> {
  checkBuilder(flags);
  const record = await findRecord(client, ref);
  const format = flags.string("format") ?? "pretty";
  if (format === "json") out(`${JSON.stringify(document(record), undefined, 2)}\n`);
  else if (format === "pretty") out(pretty(record));
  else throw new Failure(`ERROR: format ${JSON.stringify(format)} is not known here: pretty and json are`);
  return 0;
}

function document(record: BuildRecord): object {
  const { ref, name, context, dockerfile, target, createdAt, completedAt, status, error, totalSteps, completedSteps, cachedSteps } = record;
  return {
    Name: name, Ref: ref, Context: context, Dockerfile: dockerfile, ...(target && { Target: target }),
    StartedAt: createdAt, ...(completedAt && { CompletedAt: completedAt }), Duration: Math.round(secondsOf(record) * 1e9), Status: status.toLowerCase(), ...(error && { Error: { Message: error } }),
    NumCompletedSteps: completedSteps, NumTotalSteps: totalSteps, NumCachedSteps: cachedSteps,
  };
}

function pretty(record: BuildRecord): string {
  const { ref, name, context, dockerfile, target, createdAt, status, error, totalSteps, completedSteps, cachedSteps } = record;
  const percent = totalSteps === 0 ? 0 : Math.round((cachedSteps / totalSteps) * 100);
  const state = status === "Completed" ? "" : ` (${status.toLowerCase()})`;
  return [
    `Name:\t\t${printable(name)}\n`,
    `Ref:\t\t${ref}\n`,
    `Context:\t${printable(context)}\n`,
    `Dockerfile:\t${printable(dockerfile)}\n`,
    target ? `Target:\t\t${printable(target)}\n` : "",
    `\nStarted:\t${createdAt.slice(0, 19).replace("T", " ")}\n`,
    `Duration:\t${durationText(secondsOf(record))}${state}\n`,
    error ? `Error:\t\t${printable(error)}\n` : "",
    `Build Steps:\t${completedSteps}/${totalSteps} (${percent}% cached)\n`,
    `\nPrint build logs: ${PROGRAM} buildx history logs ${ref}\n`,
  ].join("");
}
