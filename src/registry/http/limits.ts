/** What one exchange with a server may cost; nothing a server sends can exceed it. */
export interface HttpLimits {
  /** Name look-up, TCP, proxy and TLS handshake together. */
  readonly connectMs: number;
  /** From the end of the request to the end of the answer's head. */
  readonly headMs: number;
  /** The same where the server has something to store before it answers. */
  readonly storeMs: number;
  /** A body must bring `windowBytes` in each such span of waiting; time in which nobody reads does not count. */
  readonly windowMs: number;
  readonly windowBytes: number;
  readonly headBytes: number;
  /** Open at once to one server; further requests wait. */
  readonly connectionsPerHost: number;
  readonly idleConnectionMs: number;
}

export const HTTP_LIMITS: HttpLimits = {
  connectMs: 30_000,
  headMs: 60_000,
  storeMs: 600_000,
  windowMs: 30_000,
  windowBytes: 1024,
  headBytes: 64 * 1024,
  connectionsPerHost: 32,
  idleConnectionMs: 30_000,
};
