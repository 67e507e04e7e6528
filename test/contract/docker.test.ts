/** The same contract against Docker Engine, to know that the table says what Docker says. */
import { test } from "bun:test";
import { describeContract } from "./contract.ts";

/** unix:///path of a Docker Engine that may be used for tests. */
const peer = process.env["DOCKER_PEER"];

if (peer?.startsWith("unix://")) describeContract({ name: "Docker Engine", kind: "docker", socket: () => peer.slice("unix://".length) });
else test.skip("contract: Docker Engine (set DOCKER_PEER=unix:///… to a Docker Engine 28)", () => {});
