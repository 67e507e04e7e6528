/**
 * Why an exchange broke down below HTTP.
 *
 * - `connect`: no connection came to be; nothing was sent.
 * - `tls`: one side could not prove who it is, or they share no way to speak TLS.
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

/** BoringSSL's alerts (TLSV1_ALERT_CERTIFICATE_REQUIRED) in Go's words; undefined for what is no failure of TLS. */
export function tlsAlert({ code = "", message }: { code?: string; message: string }): TransportError | undefined {
  if (!/^ERR_(?:SSL|OSSL)|SSL routines/.test(`${code} ${message}`)) return undefined;
  const alert = /(?:TLSV1|SSLV3|TLSV13)_ALERT_(\w+)/.exec(message)?.[1];
  return new TransportError("tls", alert === undefined ? `tls: ${message}` : `remote error: tls: ${alert.toLowerCase().replaceAll("_", " ")}`);
}
