import type { CommandSpec, Entry } from "../command.ts";
import { DRY_RUN } from "./compose-life.ts";

const BUILD: CommandSpec = {
  summary: "Build or rebuild services",
  usage: "[OPTIONS] [SERVICE...]",
  args: [0],
  flags: [
    { name: "build-arg", type: "list", help: "Set build-time variables for services" },
    { name: "builder", type: "string", help: "Set builder to use" },
    { name: "check", type: "bool", help: "Check build configuration" },
    DRY_RUN,
    { name: "memory", short: "m", type: "bytes", help: "Set memory limit for the build container; only the classic builder knows it" },
    { name: "no-cache", type: "bool", help: "Do not use cache when building the image" },
    { name: "print", type: "bool", help: "Print equivalent bake file" },
    { name: "provenance", type: "string", help: "Add a provenance attestation" },
    { name: "pull", type: "bool", help: "Always attempt to pull a newer version of the image" },
    { name: "push", type: "bool", help: "Push service images" },
    { name: "quiet", short: "q", type: "bool", help: "Suppress the build output" },
    { name: "sbom", type: "string", help: "Add a SBOM attestation" },
    { name: "ssh", type: "string", help: "Set SSH authentications used when building service images. (use 'default' for using your default SSH Agent)" },
    { name: "with-dependencies", type: "bool", help: "Also build dependencies (transitively)" },
    { name: "compress", type: "bool", hidden: true, help: "Compress the build context using gzip" },
    { name: "force-rm", type: "bool", hidden: true, help: "Always remove intermediate containers" },
    { name: "no-rm", type: "bool", hidden: true, help: "Do not remove intermediate containers after a successful build" },
    { name: "parallel", type: "bool", default: "true", hidden: true, help: "Build images in parallel" },
    { name: "progress", type: "string", hidden: true, help: "Set type of progress output" },
  ],
  load: () => import("../commands/compose/build.ts"),
};

/** Commands of `compose` that build images. */
export const IMAGES: readonly Entry[] = [{ name: "build", command: BUILD }];
