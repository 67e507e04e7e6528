import { expect, test } from "bun:test";
import { firstFailure } from "../../src/base/mod.ts";

test("what failed first is told, whatever failed while it was undone", async () => {
  const work = async (): Promise<void> => {
    await using undo = new AsyncDisposableStack();
    for (const step of ["cgroup", "network"]) undo.defer(() => Promise.reject(new Error(`undoing ${step}`)));
    throw new Error("no such program");
  };
  const thrown: unknown = await work().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(SuppressedError);
  expect(firstFailure(thrown)).toEqual(new Error("no such program"));
});

test("an undoing that fails alone is told itself", async () => {
  const work = async (): Promise<void> => {
    await using undo = new AsyncDisposableStack();
    undo.defer(() => Promise.reject(new Error("undoing")));
  };
  expect(firstFailure(await work().catch((error: unknown) => error))).toEqual(new Error("undoing"));
});
