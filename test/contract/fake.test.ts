/** The transport by itself, over an engine made of memory. */
import { afterAll, beforeAll } from "bun:test";
import { describeContract, type Subject } from "./contract.ts";
import { describeMalformed } from "./malformed.ts";
import { startFake, type RunningFake } from "./running-fake.ts";

let fake: RunningFake;
beforeAll(async () => {
  fake = await startFake();
});
afterAll(async () => fake[Symbol.asyncDispose]());

const subject: Subject = { name: "the API over a fake engine", kind: "hakobune", socket: () => fake.socket };
describeContract(subject);
describeMalformed(subject, 1000);
