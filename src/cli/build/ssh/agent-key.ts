import { createPublicKey, sign, type KeyObject } from "node:crypto";
import { UnusableKey } from "./unusable-key.ts";
import { wireInteger, wireString } from "./wire.ts";

/** A key that signs for others. */
export interface AgentKey {
  /** The public key as SSH sends it. */
  readonly blob: Buffer;
  /** @param flags of an agent's request: which hash is wanted with RSA */
  sign(data: Uint8Array, flags: number): Buffer;
}

/** By the flag that asks for it (RFC 8332; draft-ietf-sshm-ssh-agent, 3.6.1). */
const RSA_FORMS: readonly (readonly [flag: number, name: string, hash: string])[] = [[4, "rsa-sha2-512", "sha512"], [2, "rsa-sha2-256", "sha256"]];
const RSA_OLDEST = [0, "ssh-rsa", "sha1"] as const;
/** By JWK's names: SSH's, and the hash that goes with the curve (RFC 5656, 6.2.1). */
const CURVES: Readonly<Record<string, readonly [name: string, hash: string]>> = { "P-256": ["nistp256", "sha256"], "P-384": ["nistp384", "sha384"], "P-521": ["nistp521", "sha512"] };

/** @throws UnusableKey for a kind of key that SSH does not sign with */
export function agentKey(key: KeyObject): AgentKey {
  const type = key.asymmetricKeyType;
  if (type !== "ed25519" && type !== "rsa" && type !== "ec") throw new UnusableKey(`ssh: unsupported key type ${type}`);
  const { n = "", e = "", x = "", y = "", crv = "" } = createPublicKey(key).export({ format: "jwk" });
  if (type === "ed25519") return { blob: Buffer.concat([wireString("ssh-ed25519"), wireString(decode(x))]), sign: (data) => signature("ssh-ed25519", sign(null, data, key)) };
  if (type === "rsa") {
    return {
      blob: Buffer.concat([wireString("ssh-rsa"), wireInteger(decode(e)), wireInteger(decode(n))]),
      sign: (data, flags) => {
        const [, name, hash] = RSA_FORMS.find(([flag]) => (flags & flag) !== 0) ?? RSA_OLDEST;
        return signature(name, sign(hash, data, key));
      },
    };
  }
  const [curve, hash] = CURVES[crv] ?? [];
  if (curve === undefined || hash === undefined) throw new UnusableKey("ssh: unsupported elliptic curve");
  const name = `ecdsa-sha2-${curve}`;
  return {
    blob: Buffer.concat([wireString(name), wireString(curve), wireString(Buffer.concat([Buffer.of(4), decode(x), decode(y)]))]),
    sign: (data) => {
      const both = sign(hash, data, { key, dsaEncoding: "ieee-p1363" });
      return signature(name, Buffer.concat([wireInteger(both.subarray(0, both.length / 2)), wireInteger(both.subarray(both.length / 2))]));
    },
  };
}

const decode = (text: string): Buffer => Buffer.from(text, "base64url");
const signature = (name: string, bytes: Uint8Array): Buffer => Buffer.concat([wireString(name), wireString(bytes)]);
