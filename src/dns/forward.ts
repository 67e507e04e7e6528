import { failure, truncated } from "./answer.ts";
import { askOverTCP, askOverUDP } from "./exchange.ts";
import { RCODE, rcodeOf, type Query } from "./message.ts";

export type Transport = "udp" | "tcp";

type Exchange = (query: Query, server: string, signal: AbortSignal) => Promise<Buffer | undefined>;

export interface ForwarderOptions {
  /** Questions under way at once, of all containers and of one; a further one is answered with SERVFAIL. */
  readonly most?: number;
  readonly mostOfOne?: number;
  readonly patienceMs?: number;
  readonly deadlineMs?: number;
  readonly exchanges?: Readonly<Record<Transport, Exchange>>;
}

/** A server that is silent for so long is joined by the next. */
const PATIENCE_MS = 1500;
/** Below the five seconds after which clients ask again. */
const DEADLINE_MS = 4500;
const ATTEMPTS = 3;

/** Carries questions to other servers and their answers back as they are: EDNS, types and flags are the client's and the server's business. */
export class Forwarder {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #patienceMs: number;
  readonly #deadlineMs: number;
  readonly #exchanges: Readonly<Record<Transport, Exchange>>;
  readonly #underWay = new Map<string, number>();
  #total = 0;

  constructor({ most = 1024, mostOfOne = 128, patienceMs = PATIENCE_MS, deadlineMs = DEADLINE_MS, exchanges = { udp: askOverUDP, tcp: askOverTCP } }: ForwarderOptions = {}) {
    this.#most = most;
    this.#mostOfOne = mostOfOne;
    this.#patienceMs = patienceMs;
    this.#deadlineMs = deadlineMs;
    this.#exchanges = exchanges;
  }

  /** The first good answer of the servers, else their last word, else SERVFAIL. @param maxBytes what the client takes */
  async forward(query: Query, { asker, servers, transport, maxBytes }: { asker: string; servers: readonly string[]; transport: Transport; maxBytes: number }): Promise<Buffer> {
    const ofOne = this.#underWay.get(asker) ?? 0;
    if (servers.length === 0 || this.#total >= this.#most || ofOne >= this.#mostOfOne) return failure(query, RCODE.SERVFAIL);
    this.#underWay.set(asker, ofOne + 1);
    this.#total++;
    try {
      const answer = await firstAnswer((server, signal) => this.#exchanges[transport](query, server, signal), servers, { patienceMs: this.#patienceMs, deadlineMs: this.#deadlineMs });
      if (!answer) return failure(query, RCODE.SERVFAIL);
      answer.writeUInt16BE(query.id, 0);
      return answer.length > maxBytes ? truncated(query) : answer;
    } finally {
      this.#total--;
      const left = (this.#underWay.get(asker) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(asker);
      else this.#underWay.set(asker, left);
    }
  }
}

/** Asks one after the other: the next at once when one fails, beside it when it is slow. */
async function firstAnswer(ask: (server: string, signal: AbortSignal) => Promise<Buffer | undefined>, servers: readonly string[], { patienceMs, deadlineMs }: { patienceMs: number; deadlineMs: number }): Promise<Buffer | undefined> {
  const attempts = Math.max(ATTEMPTS, servers.length);
  const done = new AbortController();
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  let [started, ended] = [0, 0];
  let lastWord: Buffer | undefined;
  let patience: NodeJS.Timeout | undefined;
  const next = (): void => {
    clearTimeout(patience);
    if (started >= attempts || done.signal.aborted) return;
    const server = servers[started++ % servers.length] ?? "";
    if (started < attempts) patience = setTimeout(next, patienceMs);
    ask(server, done.signal).then(finished, () => finished(undefined));
  };
  const finished = (answer: Buffer | undefined): void => {
    ended++;
    if (answer && isFinal(answer)) return resolve(answer);
    lastWord = answer ?? lastWord;
    // A server that refused once will again: each is asked a second time only when it was silent.
    if (ended === attempts || (ended === started && started >= servers.length)) return resolve(lastWord);
    if (ended === started) next();
  };
  const deadline = setTimeout(() => resolve(lastWord), deadlineMs);
  next();
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
    clearTimeout(patience);
    done.abort();
  }
}

/** What another server would not know better. */
function isFinal(answer: Buffer): boolean {
  const rcode = rcodeOf(answer);
  return rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN;
}
