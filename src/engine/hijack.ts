import type { ByteDuplex } from "../base/mod.ts";

/** A validated stream session: the transport answers the upgrade, then hands the connection to `run`. */
export interface StreamSession {
  /** Raw bytes of a terminal instead of Docker's multiplexed frames. */
  readonly tty: boolean;
  /** Returns when the session is over and the connection may be closed; never rejects because the client left. */
  run(duplex: ByteDuplex): Promise<void>;
}
