import { InstructionError } from "./instruction-error.ts";

const NAMES = new Set(
  "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX".split(" "),
);

/** A signal's name with or without SIG, real-time ones too, or a number other than 0. @throws InstructionError in Docker's words */
export function checkSignal(text: string): void {
  const name = text.toUpperCase().replace(/^SIG/, "");
  if (/^[+-]?[0-9]{1,18}$/.test(text) ? Number(text) !== 0 : NAMES.has(name) || isRealTime(name)) return;
  throw new InstructionError(`invalid signal: ${text}`);
}

function isRealTime(name: string): boolean {
  const [, base = "", offset = ""] = /^RT(MIN\+|MAX-)([1-9][0-9]?)$/.exec(name) ?? [];
  return offset !== "" && Number(offset) <= (base === "MIN+" ? 15 : 14);
}
