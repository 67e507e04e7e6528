import { EngineError } from "../base/mod.ts";
import type { ExecCreateRequest, ExecStartRequest } from "../spec/mod.ts";
import { terminalQuery } from "./container-streams.ts";
import { bool, listOf, string, struct, uint, words } from "./json-shape.ts";
import { withOutcome } from "./outcome.ts";
import { empty, hijack, json, route } from "./route.ts";

const execRequest = struct<ExecCreateRequest>("container.ExecOptions", {
  AttachStdin: bool,
  AttachStdout: bool,
  AttachStderr: bool,
  ConsoleSize: listOf(uint),
  DetachKeys: string,
  Tty: bool,
  Env: listOf(string),
  Cmd: words,
  Privileged: bool,
  User: string,
  WorkingDir: string,
});
const startRequest = struct<ExecStartRequest>("container.ExecStartOptions", { Detach: bool, Tty: bool, ConsoleSize: listOf(uint) });

export const exec = [
  route("POST /containers/{id}/exec", {
    summary: "Prepares a process in a running container.",
    body: execRequest,
    bodyOptional: true,
    success: [201],
    failures: [400, 404, 409],
    respond: async ({ engine, ref, json: body }) => {
      if (!body.Cmd || body.Cmd.length === 0) throw new EngineError("InvalidParameter", "No exec command specified");
      return json(await engine.createExec(ref, body), 201);
    },
  }),
  route("POST /exec/{id}/start", {
    summary: "Starts a prepared process; unless detached, the connection turns into a raw stream in both directions.",
    body: startRequest,
    bodyOptional: true,
    success: [101, 200],
    failures: [400, 404, 409],
    hijacks: true,
    respond: async ({ engine, ref, json: body }) => {
      const session = await engine.startExec(ref, body);
      return session ? hijack(session) : empty(200);
    },
  }),
  route("POST /hako/containers/{id}/exec", {
    summary: "Starts a process in a running container and joins the connection to it; a last frame, of stream 4, has its exit code.",
    body: execRequest,
    success: [101, 200],
    failures: [400, 404, 409],
    hijacks: true,
    respond: async ({ engine, ref, json: body }) => {
      const { Id } = await engine.createExec(ref, body);
      const session = await engine.startExec(Id, {});
      if (!session) throw new Error("an exec that is joined was detached");
      return hijack(withOutcome(session, async (output) => {
        await output;
        return { StatusCode: (await engine.inspectExec(Id)).ExitCode };
      }));
    },
  }),
  route("GET /exec/{id}/json", {
    summary: "A prepared, running or ended process.",
    failures: [404],
    respond: async ({ engine, ref }) => json(await engine.inspectExec(ref)),
  }),
  route("POST /exec/{id}/resize", {
    summary: "Resizes the terminal of a process.",
    query: terminalQuery,
    failures: [400, 404, 409],
    respond: async ({ engine, ref, query }) => {
      await engine.resizeExec(ref, query.h, query.w);
      return empty(200);
    },
  }),
];
