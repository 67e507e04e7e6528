/**
 * The same contract against Docker Engine, to know that the table says what Docker says.
 * With RECORD_SHAPES=1 it also writes shapes.json anew.
 */
import { afterAll, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeContract, type Subject } from "./contract.ts";
import { describeCreating } from "./creating.ts";
import { describeLife } from "./life.ts";
import { describeLimits } from "./limits.ts";
import { describeNetworking } from "./networking.ts";
import { describePublishing } from "./publishing.ts";
import { describeScenario } from "./scenario.ts";
import { describeVolumes } from "./volumes.ts";
import type { ShapeOf } from "./shape.ts";

setDefaultTimeout(120_000);

/** unix:///path of a Docker Engine that may be used for tests. */
const peer = process.env["DOCKER_PEER"];

if (peer?.startsWith("unix://")) {
  const subject: Subject = { name: "Docker Engine", kind: "docker", socket: () => peer.slice("unix://".length) };
  const shapes: Record<string, ShapeOf> = {};
  const recording = process.env["RECORD_SHAPES"] === "1";
  describeContract(subject);
  describeLife(subject);
  describeCreating(subject);
  describeLimits(subject);
  describeNetworking(subject);
  describePublishing(subject);
  describeVolumes(subject);
  describeScenario({ subject, ...(recording && { record: (name: string, shape: ShapeOf) => void (shapes[name] = shape) }) });
  afterAll(() => {
    if (recording) writeFileSync(join(import.meta.dir, "shapes.json"), `${JSON.stringify(shapes, null, 1)}\n`);
  });
} else test.skip("contract: Docker Engine (set DOCKER_PEER=unix:///… to a Docker Engine 28)", () => {});
