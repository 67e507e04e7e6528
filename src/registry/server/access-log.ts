export interface AccessEntry {
  readonly address: string;
  readonly user: string | undefined;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Of the answer's body, as announced. */
  readonly bytes: number;
  readonly ms: number;
  readonly agent: string | undefined;
}

export type AccessLog = (entry: AccessEntry) => void;

const FLUSH_MS = 200;
const FLUSH_CHARACTERS = 64 * 1024;
const MAX_FIELD = 1024;

/** One line of JSON per request, written in batches: a system call for each would cost more than many an answer. */
export function accessLog(write: (text: string) => void): AccessLog & Disposable {
  let pending = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (pending !== "") write(pending);
    pending = "";
  };
  const log = ({ path, agent, ms, ...entry }: AccessEntry): void => {
    pending += `${JSON.stringify({ time: new Date().toISOString(), ...entry, path: path.slice(0, MAX_FIELD), agent: agent?.slice(0, MAX_FIELD), ms: Math.round(ms * 100) / 100 })}\n`;
    if (pending.length > FLUSH_CHARACTERS) flush();
    else timer ??= setTimeout(flush, FLUSH_MS);
  };
  return Object.assign(log, { [Symbol.dispose]: flush });
}
