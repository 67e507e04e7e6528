/** The same against Docker Engine with docker's own command line, to know that the suite says what Docker does. */
import { afterAll, beforeAll, setDefaultTimeout, test } from "bun:test";
import { DOCKER } from "../harness.ts";
import { busyboxTar } from "../images.ts";
import { run } from "../processes.ts";
import { describeCopying } from "./copying.ts";

setDefaultTimeout(120_000);

/** unix:///path of a Docker Engine that may be used for tests. */
const peer = process.env["DOCKER_PEER"];

if (peer?.startsWith("unix://") && DOCKER) {
  const image = `hako-copy-box:${process.pid}`;
  const command = [DOCKER, "-H", peer];
  beforeAll(async () => void (await run([...command, "import", await busyboxTar(), image])));
  afterAll(async () => void (await run([...command, "rmi", "-f", image])));
  describeCopying({ name: "Docker Engine", kind: "docker", command: () => command, socket: () => peer.slice("unix://".length), image });
} else test.skip("copying: Docker Engine (set DOCKER_PEER=unix:///… to a Docker Engine 28)", () => {});
