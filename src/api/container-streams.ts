import { EngineError } from "../base/mod.ts";
import type { WaitCondition } from "../engine/mod.ts";
import { MULTIPLEXED_STREAM, RAW_STREAM } from "./media-types.ts";
import { withOutcome } from "./outcome.ts";
import { flag, text, type Parameter } from "./query.ts";
import { empty, hijack, route, stream, webSocket } from "./route.ts";
import { pendingJson } from "./streams.ts";
import { isOlder } from "./version.ts";
import { acceptWebSocket } from "./websocket/handshake.ts";

const CONDITIONS: readonly WaitCondition[] = ["not-running", "next-exit", "removed"];

function waitCondition(name: string | undefined): WaitCondition {
  const condition = CONDITIONS.find((each) => each === (name || "not-running"));
  if (condition === undefined) throw new EngineError("InvalidParameter", `invalid condition: ${JSON.stringify(name)}`);
  return condition;
}

/** A number of rows or columns. */
function terminalSize(side: "height" | "width"): Parameter<number> {
  return {
    type: "integer",
    about: `The terminal's ${side} in characters.`,
    read: (values) => {
      const value = values?.[0] ?? "";
      if (!/^[0-9]+$/.test(value)) throw new EngineError("InvalidParameter", `invalid resize ${side} ${JSON.stringify(value)}: invalid syntax`);
      if (Number(value) > 0xffffffff) throw new EngineError("InvalidParameter", `invalid resize ${side} ${JSON.stringify(value)}: value out of range`);
      return Math.min(Number(value), 0xffff);
    },
  };
}
export const terminalQuery = { h: terminalSize("height"), w: terminalSize("width") };

const attachQuery = {
  detachKeys: text("Keys that detach, e.g. ctrl-p,ctrl-q."),
  logs: flag("First what the container has written so far."),
  stream: flag("Then what it writes from now on."),
  stdin: flag("Connect its standard input."),
  stdout: flag("Connect its standard output."),
  stderr: flag("Connect its standard error."),
};

const waitQuery = { condition: text("not-running, next-exit or removed.") };

export const containerStreams = [
  route("POST /containers/{id}/attach", {
    summary: "Connects to a container's standard streams; the connection turns into a raw stream in both directions.",
    query: attachQuery,
    success: [101, 200],
    failures: [400, 404, 409],
    hijacks: true,
    respond: async ({ engine, ref, query }) => hijack(await engine.attachContainer(ref, query)),
  }),
  route("POST /hako/containers/{id}/run", {
    summary: "Attaches, then starts a container and waits for its end; a last frame, of stream 4, has its exit code, or why it was not started.",
    query: { stdin: attachQuery.stdin, stdout: attachQuery.stdout, stderr: attachQuery.stderr, condition: waitQuery.condition },
    success: [101, 200],
    failures: [400, 404, 409],
    hijacks: true,
    respond: async ({ engine, ref, query: { condition, ...streams }, signal }) => {
      const { result } = await engine.waitContainer(ref, waitCondition(condition), signal);
      const session = await engine.attachContainer(ref, { ...streams, stream: true });
      return hijack(withOutcome(session, async (output) => {
        await engine.startContainer(ref, {});
        await output;
        return await result;
      }));
    },
  }),
  route("GET /containers/{id}/attach/ws", {
    summary: "Attach over a WebSocket: messages carry raw bytes, those of standard output and error in one stream.",
    query: attachQuery,
    success: [101],
    failures: [400, 404, 409],
    hijacks: true,
    respond: async ({ engine, ref, query, headers }) => {
      await engine.inspectContainer(ref);
      const handshake = acceptWebSocket(headers);
      return webSocket(await engine.attachContainer(ref, { ...query, form: "raw" }), handshake);
    },
  }),
  route("GET /containers/{id}/logs", {
    summary: "What a container has written, as frames or, for a terminal, as raw bytes.",
    query: {
      follow: flag("Go on until the container ends."),
      stdout: flag("With standard output."),
      stderr: flag("With standard error."),
      since: text("From this instant on."),
      until: text("Up to this instant."),
      timestamps: flag("Each line begins with its instant."),
      details: flag("Each line begins with the labels and variables that the log options name."),
      tail: text("The last so many lines, or all."),
    },
    failures: [400, 404],
    respond: async ({ engine, ref, query, version, signal }) => {
      if (!query.stdout && !query.stderr) throw new EngineError("InvalidParameter", "Bad parameters: you must choose at least one stream");
      const { tty, body } = await engine.containerLogs(ref, query, signal);
      return stream(tty || isOlder(version, "1.42") ? RAW_STREAM : MULTIPLEXED_STREAM, body);
    },
  }),
  route("POST /hako/containers/{id}/logs/clear", {
    summary: "Empties a container's log, running or not; those who follow it go on with what comes next.",
    success: [204],
    failures: [404, 501],
    respond: async ({ engine, ref }) => {
      await engine.clearLogs(ref);
      return empty(204);
    },
  }),
  route("POST /containers/{id}/wait", {
    summary: "Waits for a container to end; the head of the answer comes as soon as the wait stands.",
    query: waitQuery,
    failures: [400, 404],
    respond: async ({ engine, ref, query, signal }) => {
      const { result } = await engine.waitContainer(ref, waitCondition(query.condition), signal);
      return pendingJson(result, signal);
    },
  }),
  route("POST /containers/{id}/resize", {
    summary: "Resizes a container's terminal.",
    query: terminalQuery,
    failures: [400, 404, 409],
    respond: async ({ engine, ref, query }) => {
      await engine.resizeContainer(ref, query.h, query.w);
      return empty(200);
    },
  }),
];
