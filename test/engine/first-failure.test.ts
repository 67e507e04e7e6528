import { expect, test } from "bun:test";
import { dispatch, type Call } from "../../src/api/dispatch.ts";
import type { Route } from "../../src/api/route.ts";
import { EngineError, firstFailure, messageOf } from "../../src/base/mod.ts";

test("what failed first is told, whatever failed while it was undone", async () => {
  const work = async (): Promise<void> => {
    await using undo = new AsyncDisposableStack();
    for (const step of ["cgroup", "network"]) undo.defer(() => Promise.reject(new Error(`undoing ${step}`)));
    throw new Error("no such program");
  };
  const thrown: unknown = await work().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(SuppressedError);
  expect(firstFailure(thrown)).toEqual(new Error("no such program"));
  expect(messageOf(thrown)).toBe("no such program");
});

test("an undoing that fails alone is told itself", async () => {
  const work = async (): Promise<void> => {
    await using undo = new AsyncDisposableStack();
    undo.defer(() => Promise.reject(new Error("undoing")));
  };
  expect(firstFailure(await work().catch((error: unknown) => error))).toEqual(new Error("undoing"));
});

test("an answer tells what failed first, with its status", async () => {
  const route: Route = {
    method: "POST", path: "/x", summary: "", query: {}, body: undefined, bodyOptional: false, success: [], failures: [], hijacks: false, handsOver: false,
    respond: async () => {
      await using undo = new AsyncDisposableStack();
      undo.defer(() => Promise.reject(new Error("undoing")));
      throw new EngineError("Conflict", "the name is in use");
    },
  };
  const call = { match: { route, ref: "" }, version: "1.51", search: "" } as unknown as Call;
  const request = { engine: {}, body: { chunks: [], contentType: undefined, length: 0 }, headers: {}, signal: new AbortController().signal };
  expect(await dispatch(call, request as unknown as Parameters<typeof dispatch>[1], () => undefined)).toEqual({ kind: "json", status: 409, value: { message: "the name is in use" } });
});
