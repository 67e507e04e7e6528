/** The engine answered with a failure; `message` is its own sentence, shown to people as `Error response from daemon: …`. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
  ) {
    super(`Error response from daemon: ${detail}`);
    this.name = "ApiError";
  }
}

/** Nobody listens at the endpoint, or we may not talk to it. */
export class ConnectError extends Error {
  constructor(
    message: string,
    /** ENOENT, ECONNREFUSED, EACCES … */
    readonly code: string,
  ) {
    super(message);
    this.name = "ConnectError";
  }
}

/** The connection ended in the middle of an answer. */
export class ConnectionLostError extends Error {
  constructor(what: string) {
    super(`the connection to the engine was lost while ${what}: it may have been stopped; see its log, then try again`);
    this.name = "ConnectionLostError";
  }
}
