import { messageOf } from "../../base/mod.ts";
import type { EngineContext } from "../context.ts";
import { isRunning } from "../state.ts";
import type { ContainerRecord } from "../record.ts";
import { goDuration } from "../time-text.ts";
import { BoundedOutput } from "./bounded-output.ts";
import type { Probe } from "./probe.ts";
import type { Finding } from "./run-probe.ts";

/** Of an answer, headers included. */
const MAX_ANSWER_BYTES = 16 * 1024;
const FAILED = 1;

/** Connects inside the container, and asks for a page if there is one to ask for: 200 to 399 is good. */
export async function socketProbe(ctx: EngineContext, record: ContainerRecord, probe: Exclude<Probe, { kind: "exec" }>, timeoutMs: number, signal: AbortSignal): Promise<Finding> {
  if (!isRunning(record.state)) throw new Error("the container is not running");
  const timeout = AbortSignal.timeout(Math.min(timeoutMs, 2 ** 31 - 1));
  const question = probe.kind === "http" ? { bytes: request(probe), maxBytes: MAX_ANSWER_BYTES, enough: headerEnd } : undefined;
  try {
    const answer = await ctx.runtime.askInside(record.state.pid, probe.target, question, AbortSignal.any([signal, timeout]));
    return probe.kind === "http" ? judge(answer) : { exitCode: 0, output: `connected to ${probe.target.text}` };
  } catch (error) {
    if (timeout.aborted) return { exitCode: -1, output: `Health check exceeded timeout (${goDuration(timeoutMs)})` };
    return { exitCode: FAILED, output: messageOf(error) };
  }
}

function request({ path, target }: Extract<Probe, { kind: "http" }>): Uint8Array {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${target.text}\r\nUser-Agent: hakobune-health\r\nAccept: */*\r\nConnection: close\r\n\r\n`);
}

const headerEnd = (answer: Uint8Array): boolean => Buffer.from(answer.buffer, answer.byteOffset, answer.length).includes("\r\n\r\n");

/** The status line, and what came of the body with it. */
function judge(answer: Uint8Array): Finding {
  const text = Buffer.from(answer).toString("latin1");
  const match = /^(HTTP\/1\.[01] (\d{3})[^\r\n]{0,256})\r?\n/.exec(text);
  if (!match) return { exitCode: FAILED, output: text === "" ? "the connection was closed without an answer" : "the answer is not HTTP" };
  const status = Number(match[2]);
  const at = text.indexOf("\r\n\r\n");
  const kept = new BoundedOutput();
  kept.push(Buffer.from(`${match[1]}\n`));
  if (at >= 0) kept.push(answer.subarray(at + 4));
  return { exitCode: status >= 200 && status < 400 ? 0 : FAILED, output: kept.text };
}
