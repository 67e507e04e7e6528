import type { ArgInstruction, Instruction } from "./instruction.ts";
import type { Source, SourceRange } from "./source.ts";

/** The comments before everything else that steer the parser. */
export interface Directives {
  /** `# syntax=`: the frontend asked for; this parser serves every docker/dockerfile:1. */
  readonly syntax?: string;
  readonly escape: "\\" | "`";
  /** `# check=`, see parseCheckOptions(). */
  readonly check?: string;
}

/** One FROM and what follows it. */
export interface Stage {
  readonly index: number;
  /** In lower case; undefined without AS. */
  readonly name?: string;
  /** As written behind AS. */
  readonly writtenName?: string;
  /** AS as written: checks look at its case. */
  readonly asKeyword?: string;
  /** FROM as written. */
  readonly keyword: string;
  /** Before expansion. */
  readonly baseName: string;
  /** `--platform` before expansion. */
  readonly platform?: string;
  readonly instructions: readonly Instruction[];
  /** Of the FROM instruction. */
  readonly range: SourceRange;
  readonly original: string;
  readonly comments: readonly string[];
  /** From a comment `# NAME text` directly above. */
  readonly description?: string;
}

export interface ParseWarning {
  readonly rule: "NoEmptyContinuation";
  readonly range: SourceRange;
}

export interface Dockerfile {
  readonly source: Source;
  readonly directives: Directives;
  /** ARG before the first FROM. */
  readonly metaArgs: readonly ArgInstruction[];
  /** At least one, unless the file is incomplete. */
  readonly stages: readonly Stage[];
  readonly warnings: readonly ParseWarning[];
  /** Only what stands before an error: such a file is not looked at as a whole. */
  readonly incomplete?: boolean;
}
