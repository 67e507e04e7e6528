import { checkAnswer as checked, outlineAnswer as outlined, outlineOfStage, targetsAnswer as listed, type CheckResult, type Dockerfile, type DockerfileError, type OutlinedStage, type StageBaseName } from "../dockerfile/mod.ts";
import type { BuildResult } from "./request.ts";

type Answer = NonNullable<BuildResult["answer"]>;

/** What a Dockerfile is asked without being built. */
export interface AskedFile extends Omit<OutlinedStage, "dockerfile"> {
  readonly file: Dockerfile;
}

/** `--check` */
export const checkAnswer = (file: Dockerfile, result: CheckResult, unread?: DockerfileError): Answer => checked(file, result, unread);

/** `--call=targets` */
export const targetsAnswer = (file: Dockerfile, _bases: readonly StageBaseName[]): Answer => listed(file);

/** `--call=outline` */
export const outlineAnswer = ({ file, ...asked }: AskedFile): Answer => outlined(file, outlineOfStage({ dockerfile: file, ...asked }));
