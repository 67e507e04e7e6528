import { EngineError } from "../base/mod.ts";

const NUMBERS: Readonly<Record<string, number>> = {
  HUP: 1, INT: 2, QUIT: 3, ILL: 4, TRAP: 5, ABRT: 6, IOT: 6, BUS: 7, FPE: 8, KILL: 9, USR1: 10, SEGV: 11, USR2: 12, PIPE: 13, ALRM: 14, TERM: 15,
  STKFLT: 16, CHLD: 17, CLD: 17, CONT: 18, STOP: 19, TSTP: 20, TTIN: 21, TTOU: 22, URG: 23, XCPU: 24, XFSZ: 25, VTALRM: 26, PROF: 27, WINCH: 28,
  IO: 29, POLL: 29, PWR: 30, SYS: 31, RTMIN: 34, RTMAX: 64,
};

/** `9`, `KILL`, `SIGKILL`, `RTMIN+3`; upper and lower case. @throws EngineError InvalidParameter */
export function parseSignal(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, "");
  if (/^\d{1,4}$/.test(name)) {
    const number = Number(name);
    if (number === 0) throw new EngineError("InvalidParameter", `invalid signal: ${text}`);
    if (number > 64) throw new EngineError("InvalidParameter", `the linux daemon does not support signal ${number}`);
    return number;
  }
  const number = Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : realTimeSignal(name);
  if (number === undefined) throw new EngineError("InvalidParameter", `invalid signal: ${text.slice(0, 64)}`);
  return number;
}

function realTimeSignal(name: string): number | undefined {
  const match = /^RTM(IN\+|AX-)(\d{1,2})$/.exec(name);
  if (!match) return undefined;
  const offset = Number(match[2]);
  const number = match[1] === "IN+" ? 34 + offset : 64 - offset;
  return number >= 34 && number <= 64 ? number : undefined;
}

export const SIGKILL = 9;
export const SIGTERM = 15;
