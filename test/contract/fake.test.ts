/** The transport by itself, over an engine made of memory. */
import { afterAll, beforeAll } from "bun:test";
import { describeContract } from "./contract.ts";
import { startFake, type RunningFake } from "./running-fake.ts";

let fake: RunningFake;
beforeAll(async () => {
  fake = await startFake();
});
afterAll(async () => fake[Symbol.asyncDispose]());

describeContract({ name: "the API over a fake engine", kind: "hakobune", socket: () => fake.socket });
