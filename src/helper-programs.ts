import { join } from "node:path";
import { EXTRACT_CAPABILITIES, helperCompressor, helperExtractor, LAYER_PACKER_CAPABILITIES, LayerPackers, Trees, type Compressor, type Extractor, type GrowingProcess } from "./archive/mod.ts";
import { openOwnExecutable } from "./linux/mod.ts";
import { WORKER_CAPABILITIES } from "./layer-files/mod.ts";
import { runProgram, type ShimSpawner } from "./runtime/mod.ts";
import type { MountWork } from "./volume/mod.ts";

/** What leads to our own command line: the executable is the program, or runs it. */
export const ownProgram = (): readonly string[] => (Bun.main.startsWith("/$bunfs/") ? ["hako"] : ["bun", join(import.meta.dir, "cli", "main.ts")]);

const ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];

/** The work on untrusted bytes and trees, done by our own executable in processes with few rights. */
export interface HelperPrograms {
  readonly extractor: Extractor;
  readonly trees: Trees;
  readonly compressor: Compressor;
  readonly layerPackers: LayerPackers;
  /** Among the host's own mounts. @returns 0 or the kernel's error number */
  readonly mountWork: (work: MountWork) => Promise<number>;
  /** Job after job, for builds. */
  readonly launchBuildWorker: () => Promise<GrowingProcess>;
}

/** A server of files that does not answer is given up. */
const MOUNT_PATIENCE_MS = 120_000;
const TIMED_OUT = 110;

/** @param mountPoint an empty folder, on which each helper sees what is mounted for it alone */
export function helperPrograms(spawner: ShimSpawner, runRoot: string, mountPoint: string): HelperPrograms {
  const exeFd = openOwnExecutable();
  const program = ownProgram();
  let next = 0;
  const socket = (): string => join(runRoot, "e", `x${process.pid}-${next++}`);
  const streamed = async (argv: readonly string[], capabilities: readonly string[], given: readonly number[]): Promise<GrowingProcess> => {
    const { stdin, stdout, exited, kill } = await spawner.launchHelper(socket(), { exeFd, argv: [...program, ...argv], env: ENVIRONMENT, capabilities, stdin: "stream", given, stdout: "stream", stderr: 2 });
    if (!stdin || !stdout) throw new Error("the helper was started without its streams");
    return { stdin, stdout, exited, kill };
  };
  const extractor = helperExtractor(async ({ argv, stdinFd }) => {
    const helper = await spawner.launchHelper(socket(), { exeFd, argv: [...program, ...argv], env: ENVIRONMENT, capabilities: EXTRACT_CAPABILITIES, stdin: stdinFd, stdout: "stream", stderr: 2 });
    const stdout = await new Response(helper.stdout as unknown as ConstructorParameters<typeof Response>[0]).text();
    return { exitCode: await helper.exited, stdout };
  }, ({ argv, file }) => streamed(argv, EXTRACT_CAPABILITIES, [file]));
  const compressor = helperCompressor(({ argv, file }) => streamed(argv, [], [file]));
  const layerPackers = new LayerPackers(() => streamed(["__layers"], LAYER_PACKER_CAPABILITIES, []));
  const trees = new Trees(async ({ job, capabilities, mounted, folder, input }) => {
    const helper = await spawner.launchHelper(socket(), {
      exeFd, argv: [...program, "__tree", JSON.stringify(job)], env: ENVIRONMENT, capabilities, stdout: "stream", stderr: 2,
      ...(input && { stdin: "stream" }),
      ...(folder !== undefined && { given: [folder] }),
      ...(mounted && { root: { mount: mounted.root, mountPoint, binds: mounted.binds } }),
    });
    return { exited: helper.exited, stdin: helper.stdin, stdout: helper.stdout ?? nothing(), kill: () => helper.kill() };
  }, mountPoint);
  const mountWork = async (work: MountWork): Promise<number> => (await runProgram({ exeFd, argv: [...program, "__mount", JSON.stringify(work)], env: ENVIRONMENT, timeoutMs: MOUNT_PATIENCE_MS })) ?? TIMED_OUT;
  return { extractor, trees, compressor, layerPackers, mountWork, launchBuildWorker: () => streamed(["__build"], WORKER_CAPABILITIES, []) };
}

async function* nothing(): AsyncGenerator<Uint8Array, void, void> {}
