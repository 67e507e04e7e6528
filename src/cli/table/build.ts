import type { CommandSpec } from "../command.ts";
import type { Flag } from "../flags.ts";

const BUILDER: Flag = { name: "builder", type: "string", help: "Override the configured builder instance" };
const DEBUG: Flag = { name: "debug", short: "D", type: "bool", help: "Enable debug logging" };
/** What nearly every command about builds takes. */
const ALWAYS: readonly Flag[] = [BUILDER, DEBUG];
const PROGRESS: Flag = { name: "progress", type: "string", default: "auto", help: 'Set type of progress output ("auto", "none", "plain", "quiet", "rawjson", "tty"). Use plain to show container output' };

/** As of docker's classic builder; what it took and BuildKit does not is taken and left alone, as docker does. */
const LEFT_ALONE: readonly Flag[] = [
  { name: "compress", type: "bool", hidden: true, help: "Compress the build context using gzip" },
  { name: "cpu-period", type: "int", hidden: true, help: "Limit the CPU CFS (Completely Fair Scheduler) period" },
  { name: "cpu-quota", type: "int", hidden: true, help: "Limit the CPU CFS (Completely Fair Scheduler) quota" },
  { name: "cpu-shares", short: "c", type: "int", hidden: true, help: "CPU shares (relative weight)" },
  { name: "cpuset-cpus", type: "string", hidden: true, help: "CPUs in which to allow execution (0-3, 0,1)" },
  { name: "cpuset-mems", type: "string", hidden: true, help: "MEMs in which to allow execution (0-3, 0,1)" },
  { name: "disable-content-trust", type: "bool", default: "true", hidden: true, help: "Skip image verification" },
  { name: "force-rm", type: "bool", hidden: true, help: "Always remove intermediate containers" },
  { name: "isolation", type: "string", hidden: true, help: "Container isolation technology" },
  { name: "memory", short: "m", type: "bytes", hidden: true, help: "Memory limit" },
  { name: "memory-swap", type: "swap", hidden: true, help: "Swap limit equal to memory plus swap: -1 to enable unlimited swap" },
  { name: "rm", type: "bool", default: "true", hidden: true, help: "Remove intermediate containers after a successful build" },
  { name: "security-opt", type: "list", hidden: true, help: "Security options" },
  { name: "squash", type: "bool", hidden: true, help: "Squash newly built layers into a single new layer" },
];

export const BUILD: CommandSpec = {
  summary: "Build an image from a Dockerfile",
  usage: "[OPTIONS] PATH | URL | -",
  args: [1, 1],
  flags: [
    { name: "add-host", type: "strings", help: 'Add a custom host-to-IP mapping (format: "host:ip")' },
    { name: "allow", type: "list", help: 'Allow extra privileged entitlement (e.g., "network.host", "security.insecure", "device")' },
    { name: "annotation", type: "list", help: "Add annotation to the image" },
    { name: "attest", type: "list", help: 'Attestation parameters (format: "type=sbom,generator=image")' },
    { name: "build-arg", type: "list", help: "Set build-time variables" },
    { name: "build-context", type: "list", help: "Additional build contexts (e.g., name=path)" },
    { name: "cache-from", type: "list", help: 'External cache sources (e.g., "user/app:cache", "type=local,src=path/to/dir")' },
    { name: "cache-to", type: "list", help: 'Cache export destinations (e.g., "user/app:cache", "type=local,dest=path/to/dir")' },
    { name: "call", type: "string", default: "build", help: 'Set method for evaluating build ("check", "outline", "targets")' },
    { name: "cgroup-parent", type: "string", help: 'Set the parent cgroup for the "RUN" instructions during build' },
    { name: "check", type: "bool", help: 'Shorthand for "--call=check"' },
    { ...DEBUG, help: "Tell more of warnings; when a step fails, open a shell in its file system" },
    BUILDER,
    { name: "file", short: "f", type: "string", help: 'Name of the Dockerfile (default: "PATH/Dockerfile")' },
    { name: "iidfile", type: "string", help: "Write the image ID to a file" },
    { name: "label", type: "list", help: "Set metadata for an image" },
    { name: "load", type: "bool", help: 'Shorthand for "--output=type=docker"' },
    { name: "metadata-file", type: "string", help: "Write build result metadata to a file" },
    { name: "network", type: "string", default: "default", help: 'Set the networking mode for the "RUN" instructions during build' },
    { name: "no-cache", type: "bool", help: "Do not use cache when building the image" },
    { name: "no-cache-filter", type: "list", help: "Do not cache specified stages" },
    { name: "output", short: "o", type: "list", help: 'Output destination (format: "type=local,dest=path")' },
    { name: "platform", type: "list", help: "Set target platform for build" },
    PROGRESS,
    { name: "provenance", type: "string", help: 'Shorthand for "--attest=type=provenance"' },
    { name: "pull", type: "bool", help: "Always attempt to pull all referenced images" },
    { name: "push", type: "bool", help: 'Shorthand for "--output=type=registry"' },
    { name: "quiet", short: "q", type: "bool", help: "Suppress the build output and print image ID on success" },
    { name: "sbom", type: "string", help: 'Shorthand for "--attest=type=sbom"' },
    { name: "secret", type: "list", help: 'Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")' },
    { name: "shm-size", type: "bytes", help: "Shared memory size for build containers" },
    { name: "ssh", type: "list", help: 'SSH agent socket or keys to expose to the build (format: "default|<id>[=<socket>|<key>[,<key>]]")' },
    { name: "tag", short: "t", type: "list", help: 'Name and optionally a tag (format: "name:tag")' },
    { name: "target", type: "string", help: "Set the target build stage to build" },
    { name: "ulimit", type: "ulimit", help: "Ulimit options" },
    ...LEFT_ALONE,
  ],
  load: () => import("../commands/build.ts"),
};

export { ALWAYS, PROGRESS };
