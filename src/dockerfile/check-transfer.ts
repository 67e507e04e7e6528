import { InstructionError } from "./instruction-error.ts";
import type { AddInstruction, CopyInstruction } from "./instruction.ts";

/** What only an expanded COPY or ADD can be asked: where it copies from, and what it does with it. @throws InstructionError in Docker's words */
export function checkTransfer(instruction: AddInstruction | CopyInstruction): void {
  checkMode(instruction.chmod);
  if (instruction.kind === "add") checkChecksum(instruction);
  else for (const source of instruction.sources) checkIsPath(source);
}

/** What ADD takes for a git repository: a git or ssh URL, or an http one whose path ends in `.git`. */
export function isGitSource(source: string): boolean {
  return /^(?:git|ssh):\/\//i.test(source) || /^[A-Za-z0-9_.-]+@[^\s:/]+:/.test(source) || /^https?:\/\/[^#?]*\.git(?:[#?]|$)/i.test(source);
}

export const isHTTPSource = (source: string): boolean => /^https?:\/\//.test(source) && !isGitSource(source);

function checkIsPath(source: string): void {
  if (isGitSource(source)) throw new InstructionError("source can't be a git ref for COPY");
  if (isHTTPSource(source)) throw new InstructionError("source can't be a URL for COPY");
}

const SYMBOLIC = /^[ugoa]*(?:[-+=][rwxXstugo]*)+(?:,[ugoa]*(?:[-+=][rwxXstugo]*)+)*$/;
const LENGTH_LIMIT = 256;

function checkMode(mode: string): void {
  if (mode === "") return;
  const octal = /^[0-7]{1,10}$/.test(mode);
  if (octal ? Number.parseInt(mode, 8) > 0o7777 : /^[0-9]/.test(mode)) throw new InstructionError(`invalid chmod parameter: '${mode}'. it should be octal string and between 0 and 07777`);
  if (!octal && (mode.length > LENGTH_LIMIT || !SYMBOLIC.test(mode))) throw new InstructionError("invalid syntax");
}

const DIGEST_LENGTH: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

function checkChecksum({ checksum, sources }: AddInstruction): void {
  if (checksum === "") return;
  const [source = ""] = sources;
  if (sources.length !== 1) throw new InstructionError("checksum can't be specified for multiple sources");
  if (isGitSource(source)) return;
  if (!isHTTPSource(source)) throw new InstructionError("checksum requires HTTP(S) or Git sources");
  const [, algorithm = "", hex = ""] = /^([a-z0-9]+(?:[.+_-][a-z0-9]+)*):([a-zA-Z0-9=_-]+)$/.exec(checksum) ?? [];
  if (algorithm === "") throw new InstructionError("invalid checksum digest format");
  const length = Object.hasOwn(DIGEST_LENGTH, algorithm) ? DIGEST_LENGTH[algorithm] : undefined;
  if (length === undefined) throw new InstructionError("unsupported digest algorithm");
  if (hex.length !== length) throw new InstructionError("invalid checksum digest length");
  if (!/^[a-f0-9]+$/.test(hex)) throw new InstructionError("invalid checksum digest format");
}
