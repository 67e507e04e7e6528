/**
 * Why an exchange broke down below HTTP.
 *
 * - `connect`: no connection came to be; nothing was sent.
 * - `tls`: the server could not prove who it is.
 * - `notTls`: it answered a TLS handshake in plain text.
 * - `cut`: the connection ended, or went silent, too early.
 * - `protocol`: what came is not HTTP, or breaks a limit.
 */
export type TransportFailure = "connect" | "tls" | "notTls" | "cut" | "protocol";

/** Words as Go's net/http has them, since Docker shows those. */
export class TransportError extends Error {
  constructor(
    readonly failure: TransportFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "TransportError";
  }
}
