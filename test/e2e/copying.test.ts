/** The copying suite against our engine, and what only ours does. */
import { afterAll, beforeAll } from "bun:test";
import { describeCopying } from "../contract/copying.ts";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

describeCopying({ name: "hako", kind: "ours", command: () => engine.command(), socket: () => engine.socket, image: BUSYBOX });
