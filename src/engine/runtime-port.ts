import { errnoName } from "../linux/mod.ts";
import { appendFrame, askInside, clearLog, compressOlder, connectShim, describeStartFailure, externalOptions, forgetExternal, logEnd, logStart, readExitFile, readFrames, readLog, trimSegments, StartError, type ShimSpawner } from "../runtime/mod.ts";
import type { RuntimePort } from "./ports.ts";
import { StartRefused } from "./start-refused.ts";

/** The runtime as the use cases want it: one object, errors in Docker's words. */
export function runtimePort(spawner: ShimSpawner): RuntimePort {
  return {
    launchContainer: (id, socketPath, launch) => spawner.launchContainer(id, socketPath, launch),
    launchExec: (id, socketPath, launch) => spawner.launchExec(id, socketPath, launch),
    connectShim: (socketPath, exitFile) => connectShim(socketPath, { exitFile, errnoName, ...externalOptions(socketPath) }),
    forget: forgetExternal,
    readExitFile,
    askInside,
    readLog,
    readFrames,
    logEnd,
    logStart,
    appendFrame,
    clearLog,
    compressOlder,
    trimLog: trimSegments,
    startRefusal: (error, failed) => {
      if (!(error instanceof StartError)) return error instanceof Error ? error : new Error(String(error));
      const { kind, message, exitCode, late } = describeStartFailure(error, failed);
      return new StartRefused(kind, message, late?.exitCode ?? exitCode, late?.stderr, { cause: error });
    },
  };
}
