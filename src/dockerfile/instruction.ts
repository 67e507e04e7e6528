import type { HealthConfig } from "../spec/mod.ts";
import type { RunDevice, RunMount, MountFlag, RunNetwork, RunSecurity } from "./run-types.ts";
import type { SourceRange } from "./source.ts";

/** `<<NAME` behind RUN, COPY or ADD and the lines up to NAME. */
export interface Heredoc {
  readonly name: string;
  /** As written, with tabs at line starts even of `<<-`; use `heredocText` for what the step sees. */
  readonly content: string;
  /** No part of the delimiter was quoted: variables in the content are replaced (COPY and ADD; of RUN the shell does it). */
  readonly expand: boolean;
  /** `<<-`: tabs at line starts are taken off. */
  readonly chomp: boolean;
  /** The number before `<<`, 0 when there is none. */
  readonly descriptor: number;
}

/** The JSON form is executed as it is, anything else through the stage's shell. */
export type CommandLine = { readonly form: "exec"; readonly args: readonly string[] } | { readonly form: "shell"; readonly text: string };

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** `KEY value` without an equals sign, which takes the rest of the line. */
  readonly legacy: boolean;
}

export interface ArgDefinition {
  readonly name: string;
  readonly defaultValue?: string;
  /** From a comment `# NAME text` directly above. */
  readonly description?: string;
}

interface InstructionBase {
  /** As written, `run` or `RUN`: checks look at its case. */
  readonly keyword: string;
  /** The instruction on one line: continuation lines joined, comments dropped, blanks trimmed; without heredoc contents. */
  readonly original: string;
  /** Of the whole instruction, heredocs included. */
  readonly range: SourceRange;
  /** Comment lines directly above, without `#`. */
  readonly comments: readonly string[];
}

/** A file whose content stands in the Dockerfile: `COPY <<name dest`. */
export interface InlineFile {
  readonly name: string;
  /** Tabs of `<<-` are already off; variables are in place only after expandInstruction(). */
  readonly content: string;
  readonly expand: boolean;
}

interface FileTransfer extends InstructionBase {
  readonly sources: readonly string[];
  readonly files: readonly InlineFile[];
  readonly destination: string;
  /** "" when not given. */
  readonly chown: string;
  /** Octal or symbolic, as written. "" when not given. */
  readonly chmod: string;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

export interface CopyInstruction extends FileTransfer {
  readonly kind: "copy";
  /** A stage's name or index, a named context or an image; never expanded. Undefined: the build context. */
  readonly from?: string;
  readonly parents: boolean;
}

export interface AddInstruction extends FileTransfer {
  readonly kind: "add";
  readonly checksum: string;
  /** Undefined when not given: the git URL's own query may say. */
  readonly keepGitDir?: boolean;
  /** Undefined: local archives are unpacked, downloads are not. */
  readonly unpack?: boolean;
}

export interface RunInstruction extends InstructionBase {
  readonly kind: "run";
  readonly command: CommandLine;
  readonly heredocs: readonly Heredoc[];
  /** In the order written. `from` is known before expansion, which the graph needs; the rest is in ExpandedRun. */
  readonly mountFlags: readonly MountFlag[];
  readonly devices: readonly RunDevice[];
  readonly network: RunNetwork;
  readonly security: RunSecurity;
}

/** A RUN whose variables are in place: mounts are complete and checked. */
export interface ExpandedRun extends RunInstruction {
  readonly mounts: readonly RunMount[];
}

export interface EnvInstruction extends InstructionBase {
  readonly kind: "env";
  readonly pairs: readonly KeyValue[];
}

export interface LabelInstruction extends InstructionBase {
  readonly kind: "label";
  readonly pairs: readonly KeyValue[];
}

export interface ArgInstruction extends InstructionBase {
  readonly kind: "arg";
  readonly args: readonly ArgDefinition[];
}

export interface CmdInstruction extends InstructionBase {
  readonly kind: "cmd";
  readonly command: CommandLine;
}

export interface EntrypointInstruction extends InstructionBase {
  readonly kind: "entrypoint";
  readonly command: CommandLine;
}

export interface WorkdirInstruction extends InstructionBase {
  readonly kind: "workdir";
  readonly path: string;
}

export interface UserInstruction extends InstructionBase {
  readonly kind: "user";
  readonly user: string;
}

export interface VolumeInstruction extends InstructionBase {
  readonly kind: "volume";
  readonly paths: readonly string[];
}

export interface ExposeInstruction extends InstructionBase {
  readonly kind: "expose";
  /** As written, sorted; after expandInstruction() split into words. */
  readonly ports: readonly string[];
}

export interface StopSignalInstruction extends InstructionBase {
  readonly kind: "stopsignal";
  readonly signal: string;
}

export interface HealthcheckInstruction extends InstructionBase {
  readonly kind: "healthcheck";
  /** Durations in nanoseconds, as in the image's config. */
  readonly health: Readonly<HealthConfig>;
}

export interface ShellInstruction extends InstructionBase {
  readonly kind: "shell";
  readonly shell: readonly string[];
}

export interface OnbuildInstruction extends InstructionBase {
  readonly kind: "onbuild";
  /** The trigger with its heredocs, as it is kept in the image's config; see parseTrigger(). */
  readonly expression: string;
}

export interface MaintainerInstruction extends InstructionBase {
  readonly kind: "maintainer";
  readonly maintainer: string;
}

/** Everything but FROM, which begins a Stage. */
export type Instruction =
  | AddInstruction
  | ArgInstruction
  | CmdInstruction
  | CopyInstruction
  | EntrypointInstruction
  | EnvInstruction
  | ExposeInstruction
  | HealthcheckInstruction
  | LabelInstruction
  | MaintainerInstruction
  | OnbuildInstruction
  | RunInstruction
  | ShellInstruction
  | StopSignalInstruction
  | UserInstruction
  | VolumeInstruction
  | WorkdirInstruction;

export type InstructionKind = Instruction["kind"];

/** What expandInstruction() yields: variables replaced in every field where Docker replaces them. */
export type ExpandedInstruction = Exclude<Instruction, RunInstruction> | ExpandedRun;
