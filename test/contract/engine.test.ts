/** The contract against this engine, as it runs. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { startEngine, type TestEngine } from "../harness.ts";
import { describeContract, type Subject } from "./contract.ts";
import { describeCreating } from "./creating.ts";
import { describeLife } from "./life.ts";
import { describeLimits } from "./limits.ts";
import { describeMalformed } from "./malformed.ts";
import { describeNetworking } from "./networking.ts";
import { describePublishing } from "./publishing.ts";
import { describeScenario } from "./scenario.ts";
import { describeVolumes } from "./volumes.ts";

setDefaultTimeout(120_000);

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine({ busybox: false });
}, 120_000);
afterAll(async () => engine[Symbol.asyncDispose](), 60_000);

const subject: Subject = { name: "this engine", kind: "hakobune", socket: () => engine.socket };
describeContract(subject);
describeScenario({ subject });
describeLife(subject);
describeCreating(subject);
describeLimits(subject);
describeNetworking(subject);
describePublishing(subject);
describeVolumes(subject);
describeMalformed(subject, 500);

test("the engine has nothing to report after all of that", () => {
  // A volume whose device cannot be mounted is Docker's 500, and asked for above.
  expect(engine.log.split("\n").filter((line) => / failed|was cut off/.test(line) && !line.includes("failed to mount local volume"))).toEqual([]);
});
