import { EngineError, messageOf } from "../../base/mod.ts";
import { BuildError, unusedArguments } from "../../build/mod.ts";
import { familiarName, parseReference, withDefaultTag } from "../../spec/mod.ts";
import type { EngineContext } from "../context.ts";
import type { BuildRequest, UploadedArchive } from "../ports.ts";
import { progressMessages } from "../progress-messages.ts";
import { ClassicStream, type ClassicMessage } from "./classic-stream.ts";
import { runBuild } from "./run-build.ts";
import { UploadedContext } from "./upload-context.ts";

export interface ClassicBuild {
  readonly request: BuildRequest;
  /** Only the image's id is told. */
  readonly quiet: boolean;
}

/** Output that a slow client has not taken; more is left out. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** Yields the JSON messages of POST /build; what the Dockerfile alone makes wrong is thrown before the first of them. */
export async function* buildImage(ctx: EngineContext, { request, quiet }: ClassicBuild, archive: UploadedArchive | undefined, signal: AbortSignal): AsyncGenerator<ClassicMessage, void, void> {
  let unread = 0;
  const messages = progressMessages<ClassicMessage>(signal, async (tell, stop) => {
    await using context = await UploadedContext.unpack(ctx, archive, stop);
    const stream = new ClassicStream((message) => {
      const size = String(message["stream"] ?? "").length;
      if (quiet || unread + size > MAX_UNREAD_BYTES) return;
      unread += size;
      tell(message);
    });
    try {
      const { imageId } = await runBuild(ctx, request, context, (event) => stream.event(event), stop, {
        planned: (steps, file) => {
          stream.planned(steps);
          if (request.dockerfile.kind === "file") context.removeIgnored(request.dockerfile.path);
          const unused = unusedArguments(file, request.buildArgs);
          if (unused.length > 0 && !quiet) stream.atEnd({ stream: `[Warning] One or more build-args [${unused.join(" ")}] were not consumed\n` });
        },
      });
      if (imageId === undefined) throw new EngineError("System", "No image was generated. Is your Dockerfile empty?");
      if (quiet) return tell({ stream: `${imageId}\n` });
      stream.finish();
      tell({ aux: { ID: imageId } });
      tell({ stream: `Successfully built ${imageId.slice("sha256:".length, "sha256:".length + 12)}\n` });
      for (const tag of request.tags) tell({ stream: `Successfully tagged ${familiarName(withDefaultTag(parseReference(tag)))}\n` });
    } catch (error) {
      const failure = stop.aborted ? undefined : classicFailure(error);
      if (failure === undefined) throw error;
      if (!stream.hasBegun) throw new EngineError(failure.kind, failure.message, { cause: error });
      tell({ errorDetail: { ...(failure.code !== undefined && { code: failure.code }), message: failure.message }, error: failure.message });
    }
  });
  for await (const message of messages) {
    unread -= String(message["stream"] ?? "").length;
    yield message;
  }
}

interface ClassicFailure {
  readonly kind: EngineError["kind"];
  readonly message: string;
  readonly code: number | undefined;
}

/** In the classic builder's words. */
function classicFailure(error: unknown): ClassicFailure | undefined {
  if (!(error instanceof BuildError)) return undefined;
  const { vertex, exitCode, kind } = error;
  const message = messageOf(error.cause);
  if (vertex?.op.kind === "run" && exitCode !== undefined) return { kind, code: exitCode, message: `The command '${vertex.op.args.join(" ")}' returned a non-zero code: ${exitCode}` };
  const [, missing] = /"\/([^"]*)": not found$/.exec(message) ?? [];
  if (vertex?.op.kind === "file" && missing !== undefined) return { kind, code: undefined, message: `COPY failed: file not found in build context or excluded by .dockerignore: stat ${missing}: file does not exist` };
  const [, dockerfile] = /^failed to read dockerfile: open (.+): no such file or directory$/.exec(message) ?? [];
  return { kind, code: undefined, message: dockerfile === undefined ? message : `Cannot locate specified Dockerfile: ${dockerfile}` };
}
