import type { Digest } from "../digest.ts";

/** What happens in a build, as it happens; times in nanoseconds of the wall clock. BuildKit's SolveStatus in other words. */
export type BuildEvent =
  | { readonly type: "vertex"; readonly vertex: VertexState }
  | { readonly type: "status"; readonly vertex: Digest; readonly id: string; readonly current: number; readonly total: number | undefined; readonly startedNs: bigint; readonly completedNs: bigint | undefined }
  | { readonly type: "log"; readonly vertex: Digest; readonly stream: 1 | 2; readonly bytes: Uint8Array; readonly timeNs: bigint }
  | { readonly type: "warning"; readonly vertex: Digest | undefined; readonly warning: BuildWarning };

export interface VertexState {
  readonly digest: Digest;
  readonly inputs: readonly Digest[];
  readonly name: string;
  readonly stage: string;
  readonly cached: boolean;
  readonly startedNs: bigint | undefined;
  readonly completedNs: bigint | undefined;
  /** Why it failed, or `CANCELED`. */
  readonly error: string | undefined;
}

export interface BuildWarning {
  readonly rule: string;
  readonly description: string;
  readonly url: string;
  readonly detail: string;
  readonly fileName: string;
  readonly line: number;
  /** The lines of the file around it, as they are. */
  readonly excerpt: string;
}
