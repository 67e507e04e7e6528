import { firstFailure, messageOf } from "../../base/mod.ts";
import { CallFailed, STATUS, type FailureDetail } from "../../grpc/mod.ts";
import { BuildError, type SourcePlace } from "../build-error.ts";

/** A file goes along with each place in it, for its lines are shown. */
const MAX_SOURCE_CHARACTERS = 24 * 1024;
const MAX_PLACES = 4;

/** As BuildKit tells of it: without the words that clients put before it, with the step and the places in the Dockerfile. */
export function solveFailure(error: unknown): CallFailed {
  const first = firstFailure(error);
  const places = first instanceof BuildError ? first.places.slice(0, MAX_PLACES) : [];
  const vertex = first instanceof BuildError && first.vertex ? [{ type: "github.com/moby/buildkit/errdefs.Vertex+json", json: { digest: first.vertex.digest } }] : [];
  return new CallFailed(STATUS.unknown, messageOf(first).replace(/^failed to solve: /, ""), [...vertex, ...places.flatMap(sourceDetail)], { cause: error });
}

function sourceDetail({ source, range }: SourcePlace): FailureDetail[] {
  const text = source.lines.join("\n");
  if (text.length > MAX_SOURCE_CHARACTERS) return [];
  const info = { filename: source.filename, data: Buffer.from(text).toString("base64"), language: "Dockerfile" };
  return [{ type: "github.com/moby/buildkit/errdefs.Source+json", json: { info, ranges: [{ start: { line: range.start.line }, end: { line: range.end.line } }] } }];
}
