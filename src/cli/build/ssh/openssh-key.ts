import { createPrivateKey, type KeyObject, type webcrypto } from "node:crypto";
import { UnusableKey } from "./unusable-key.ts";
import { WireReader, withoutZeros } from "./wire.ts";

const MAGIC = Buffer.from("openssh-key-v1\0");
const ED25519_BYTES = 32;
/** By SSH's names: JWK's, and how long a number of the curve is. */
const CURVES: Readonly<Record<string, readonly [name: string, bytes: number]>> = { nistp256: ["P-256", 32], nistp384: ["P-384", 48], nistp521: ["P-521", 66] };

/** OpenSSH's own form (PROTOCOL.key) of one private key. @throws UnusableKey, RangeError when it is cut off */
export function parseOpenSshKey(bytes: Uint8Array): KeyObject {
  const file = new WireReader(bytes);
  if (!file.take(MAGIC.length).equals(MAGIC)) throw new UnusableKey("ssh: invalid openssh private key format");
  const [cipher, derivation] = [file.text(), file.text()];
  file.string();
  if (file.uint32() !== 1) throw new UnusableKey("ssh: multi-key files are not supported");
  file.string();
  if (cipher !== "none" || derivation !== "none") throw UnusableKey.encrypted();
  const secrets = new WireReader(file.string());
  if (secrets.uint32() !== secrets.uint32()) throw new UnusableKey("ssh: malformed OpenSSH key");
  return createPrivateKey({ key: jwkOf(secrets.text(), secrets), format: "jwk" });
}

function jwkOf(type: string, secrets: WireReader): webcrypto.JsonWebKey {
  if (type === "ssh-ed25519") {
    const x = secrets.string();
    return { kty: "OKP", crv: "Ed25519", x: encode(x), d: encode(secrets.string().subarray(0, ED25519_BYTES)) };
  }
  if (type === "ssh-rsa") {
    const [n, e, d, qi, p, q] = [secrets.string(), secrets.string(), secrets.string(), secrets.string(), secrets.string(), secrets.string()];
    return { kty: "RSA", n: number(n), e: number(e), d: number(d), p: number(p), q: number(q), dp: number(remainder(d, p)), dq: number(remainder(d, q)), qi: number(qi) };
  }
  const [crv, length] = type.startsWith("ecdsa-sha2-") ? (CURVES[secrets.text()] ?? []) : [];
  if (crv === undefined || length === undefined) throw new UnusableKey("ssh: unhandled key type");
  const point = secrets.string();
  if (point.length !== 1 + 2 * length || point[0] !== 4) throw new UnusableKey("ssh: invalid EC curve point");
  return { kty: "EC", crv, x: encode(point.subarray(1, 1 + length)), y: encode(point.subarray(1 + length)), d: encode(padded(secrets.string(), length)) };
}

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const number = (bytes: Uint8Array): string => encode(withoutZeros(bytes));

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const digits = withoutZeros(bytes);
  return Buffer.concat([Buffer.alloc(Math.max(0, length - digits.length)), digits]);
}

/** Of d by a prime less one, which this form of a key leaves out. */
function remainder(d: Uint8Array, prime: Uint8Array): Uint8Array {
  const by = whole(prime) - 1n;
  if (by <= 0n) throw new UnusableKey("ssh: malformed OpenSSH key");
  const hex = (whole(d) % by).toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

const whole = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).toString("hex")}`);
