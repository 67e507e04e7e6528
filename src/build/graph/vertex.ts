import type { Digest } from "../../spec/mod.ts";
import type { Op } from "./op.ts";

/**
 * A node of the graph: one operation on the results of others. Equal vertices have equal digests, also across builds: the digest is of the
 * operation and of the digests of its inputs, not of what is shown of it.
 */
export interface Vertex {
  readonly digest: Digest;
  readonly op: Op;
  /** In the order in which the operation numbers them. */
  readonly inputs: readonly Vertex[];
  /** As progress shows it: `[build 2/5] RUN make`. */
  readonly name: string;
  /** Runs even though its result is kept; what comes of it is kept. */
  readonly ignoreCache: boolean;
  /** Groups lines of progress; empty for what belongs to no stage. */
  readonly stage: string;
}
